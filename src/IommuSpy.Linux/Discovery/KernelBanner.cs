using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Discovery;

/// <summary>The line that a kernel describes itself with: "Linux version 6.1.0 (builder) (compiler) #1 SMP ...\n" (init/version.c).</summary>
internal static class KernelBanner
{
    /// <summary>The variable that holds it.</summary>
    public const string Symbol = "linux_banner";

    private const int MaxBytes = 1024;

    private static ReadOnlySpan<byte> Prefix => "Linux version "u8;

    /// <summary>What stands where there should be a banner.</summary>
    public static Witness<string> Damaged(string place) => new("damaged", place);

    /// <summary>
    /// The banner of an image of a kernel, by its symbol or else by a search, which may find another that the build left there; null where none stands in it.
    /// </summary>
    /// <param name="bytes">The image.</param>
    /// <param name="start">The virtual address of its first byte.</param>
    /// <param name="symbols">The kernel's symbols; null where it has none.</param>
    public static Fact<string>? Find(ReadOnlySpan<byte> bytes, VirtualAddress start, SymbolTable? symbols)
    {
        Witness<string>? damaged = null;
        if (symbols is not null && symbols.TryFind(Symbol, out Symbol symbol))
        {
            if (symbol.Address - start < (ulong)bytes.Length && At(bytes[(int)(symbol.Address - start)..]) is string named)
            {
                return new([new(named, $"kallsyms {Symbol}")]);
            }

            damaged = Damaged($"kallsyms {Symbol}");
        }

        int at = 0;
        for (int found = bytes.IndexOf(Prefix); found >= 0; found = bytes[at..].IndexOf(Prefix))
        {
            at += found;
            if (At(bytes[at..]) is string banner)
            {
                return Fact<string>.From(new(banner, "kernel image"), damaged);
            }

            at += Prefix.Length;
        }

        return null;
    }

    // A digit tells it from the format strings that begin the same way.
    private static string? At(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Math.Min(bytes.Length, MaxBytes)];
        int end = bytes.IndexOfAny((byte)'\n', (byte)0);
        return bytes.StartsWith(Prefix) && end > Prefix.Length && bytes[Prefix.Length] is >= (byte)'0' and <= (byte)'9'
            && !bytes[..end].ContainsAnyExceptInRange((byte)' ', (byte)'~')
            ? Encoding.ASCII.GetString(bytes[..end])
            : null;
    }
}
