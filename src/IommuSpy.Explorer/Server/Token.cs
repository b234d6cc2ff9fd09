using System.Security.Cryptography;
using System.Text;

namespace IommuSpy.Explorer.Server;

/// <summary>
/// What an address of the explorer begins with, and nobody can guess: whoever has it may read the memory that is served. Other users of this machine, and pages
/// of other sites in the same browser, do not have it.
/// </summary>
internal sealed class Token
{
    private const int Bytes = 16;

    private readonly byte[] _text;

    private Token(string text) => _text = Encoding.ASCII.GetBytes(text);

    /// <summary>A new one of 128 random bits.</summary>
    public static Token New() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)));

    /// <summary>Whether a text is this one; how long that takes says nothing of where they differ.</summary>
    public bool Is(string text) => CryptographicOperations.FixedTimeEquals(_text, Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    public override string ToString() => Encoding.ASCII.GetString(_text);
}
