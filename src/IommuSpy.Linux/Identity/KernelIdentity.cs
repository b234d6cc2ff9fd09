using System.Buffers.Binary;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Log;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Identity;

/// <summary>Which machine this is, how its kernel was started, and how it fares. Null is a stated absence.</summary>
/// <param name="Hostname">uname -n; null where it does not read so.</param>
/// <param name="CommandLine">/proc/cmdline.</param>
/// <param name="Taint">The letter of each way in which the kernel is tainted, as an oops prints them; empty for none.</param>
/// <param name="HasPanicked">Whether a CPU has panicked.</param>
/// <param name="Panic">What it said then, by the log; null where it has not, or where the log no longer has it.</param>
public sealed record KernelIdentity(string? Hostname, string? CommandLine, string? Taint, bool? HasPanicked, string? Panic)
{
    private const int MostCommandLine = 4096;
    private const int NoCpu = -1;
    private const string PanicPrefix = "Kernel panic - not syncing: ";

    // kernel/panic.c, taint_flags, in the order of their bits; G, for no P, is left out.
    private const string TaintLetters = "PFSRMBUDAWCIOELKXTNJ";

    /// <summary>Reads it.</summary>
    internal static KernelIdentity Of(LinuxKernel kernel, KernelLog? log)
    {
        bool? panicked = Number(kernel, "panic_cpu", sizeof(int)) is ulong cpu ? (int)cpu != NoCpu : null;
        return new(
            kernel.Uts?.NodeName,
            Number(kernel, "saved_command_line", sizeof(ulong)) is ulong line and not 0 ? Text(kernel, new(line)) : null,
            Number(kernel, "tainted_mask", sizeof(ulong)) is ulong mask
                ? string.Concat(TaintLetters.Where((_, bit) => ((mask >> bit) & 1) != 0))
                : null,
            panicked,
            panicked == true ? PanicIn(log) : null);
    }

    private static string? PanicIn(KernelLog? log) =>
        log?.Messages().LastOrDefault(message => message.Text.StartsWith(PanicPrefix, StringComparison.Ordinal))?.Text[PanicPrefix.Length..];

    private static ulong? Number(LinuxKernel kernel, string name, int bytes)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        return kernel.Kallsyms?.Symbols.TryFind(name, out Symbol symbol) == true && kernel.Space.Read(symbol.Address, value[..bytes]) == bytes
            ? BinaryPrimitives.ReadUInt64LittleEndian(value) : null;
    }

    private static string? Text(LinuxKernel kernel, VirtualAddress at)
    {
        byte[] bytes = new byte[MostCommandLine];
        ReadOnlySpan<byte> read = bytes.AsSpan(0, kernel.Space.Read(at, bytes));
        int end = read.IndexOf((byte)0);
        return end < 0 ? null : System.Text.Encoding.Latin1.GetString(read[..end]);
    }
}
