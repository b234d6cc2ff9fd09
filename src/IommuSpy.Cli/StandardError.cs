using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli;

/// <summary>
/// What is said beside an answer. It never throws: that it could not be said is remembered, and is a failure of the whole command. On a terminal that a pager
/// draws on, the pager shows it.
/// </summary>
internal sealed class StandardError : WriteOnlyStream
{
    private static Stream? _file;

    /// <summary>Whether something could not be said. Where the reader has gone, there is nobody to miss it.</summary>
    public static bool HasFailed { get; private set; }

    /// <summary>Begins what is said beside the answer to another question of a session.</summary>
    /// <param name="file">What takes it instead; null for none.</param>
    public static void Begin(Stream? file = null) => _file = file;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_file is not null)
        {
            try
            {
                _file.Write(buffer);
            }
            catch (OutputException)
            {
                // It has enough of them.
            }
        }
        else if (StandardOutput.HasPager && !StandardOutput.IsElsewhere && Display.ErrorIsTerminal)
        {
            // Whether its user reads on or not.
            _ = Pager.TryWrite(buffer);
        }
        else if (Descriptor.Write(Descriptor.Error, buffer) is not (0 or Descriptor.BrokenPipe))
        {
            HasFailed = true;
        }
    }
}
