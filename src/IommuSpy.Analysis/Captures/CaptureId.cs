using System.Globalization;
using System.Text;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Analysis.Captures;

/// <summary>
/// By what one capture is told from every other: the same for one memory in any format, with types described or inferred, and another for each moment. Its
/// parts are the beginnings of SHA-256 hashes.
/// </summary>
/// <param name="Build">Of the kernel's banner: which build of the kernel it is.</param>
/// <param name="Boot">
/// Of the build, where the kernel has put itself and its regions, and its boot id: which boot of it. The boot id (drivers/char/random.c) is drawn when
/// something first asks for it, as systemd does early; two captures before and after that differ here. Two boots without KASLR and without a boot id do not.
/// </param>
/// <param name="Content">Of the kernel's own variables, page by page: which moment.</param>
internal sealed record CaptureId(string Build, string Boot, string Content)
{
    private const int ShortDigits = 8;
    private const int ContentDigits = 16;
    private const int BootIdBytes = 16;

    // No kernel's variables take more; a forged symbol table may say otherwise.
    private const ulong MostBytes = 256UL << 20;

    /// <summary>The id of a machine's memory.</summary>
    public static CaptureId Of(Machine machine)
    {
        KernelFacts facts = machine.Kernel.Facts;
        string build = Hash(facts.Banner.Value);
        byte[] bootId = new byte[BootIdBytes];
        if (Variable(machine, "sysctl_bootid") is VirtualAddress at)
        {
            machine.Kernel.Space.Read(at, bootId);
        }

        string boot = Hash(string.Create(CultureInfo.InvariantCulture,
            $"{build} {machine.Kernel.Text.Start} {machine.Kernel.Text.Physical} {facts.PageOffsetBase?.Value} {facts.VmallocBase?.Value} "
                + $"{facts.VmemmapBase?.Value} {Convert.ToHexStringLower(bootId)}"));
        return new(build[..ShortDigits], boot[..ShortDigits], ContentOf(machine)[..ContentDigits]);
    }

    /// <summary>Whether both are of one boot of one kernel, as far as <see cref="Boot"/> tells.</summary>
    public bool IsSameBoot(CaptureId other) => Build == other.Build && Boot == other.Boot;

    /// <summary>"BUILD-BOOT-CONTENT": what is alike at the beginning is of one kernel, or of one boot of it.</summary>
    public override string ToString() => $"{Build}-{Boot}-{Content}";

    // Initialised and other variables alone: what lies between them is freed after boot, as is what would not be encrypted of a machine with encrypted memory
    // (arch/x86/mm/mem_encrypt_amd.c), and dumps may leave it out. Without their symbols, all of the image.
    private static (VirtualAddress Start, VirtualAddress End)[] Kept(Machine machine)
    {
        if (Variable(machine, "_sdata") is not { } data || Variable(machine, "_edata") is not { } dataEnd
            || Variable(machine, "__bss_start") is not { } rest || Variable(machine, "__bss_stop") is not { } restEnd)
        {
            return [(machine.Kernel.Text.Start, machine.Kernel.Text.Start + machine.Kernel.Text.Length)];
        }

        return Variable(machine, "__start_bss_decrypted") is { } plain && Variable(machine, "__end_bss_decrypted") is { } plainEnd
            ? [(data, dataEnd), (rest, plain), (plainEnd, restEnd)]
            : [(data, dataEnd), (rest, restEnd)];
    }

    private static string ContentOf(Machine machine)
    {
        Sha256 hash = new();
        byte[] page = new byte[PageFrame.Size];
        foreach ((VirtualAddress start, VirtualAddress end) in Kept(machine))
        {
            ulong length = end.Value > start.Value ? Math.Min(end.Value - start.Value, MostBytes) : 0;
            for (ulong offset = 0; offset < length;)
            {
                VirtualAddress at = start + offset;
                int bytes = (int)Math.Min(length - offset, (ulong)PageFrame.Size - (at.Value % PageFrame.Size));
                Span<byte> piece = page.AsSpan(0, bytes);
                offset += (ulong)bytes;

                // Formats leave out pages of zeros, or all that they can: what is not there counts as much as zeros do.
                if (machine.Kernel.Space.Read(at, piece) == bytes && piece.ContainsAnyExcept((byte)0))
                {
                    hash.Append(BitConverter.GetBytes(at.Value));
                    hash.Append(piece);
                }
            }
        }

        return hash.Finish();
    }

    private static VirtualAddress? Variable(Machine machine, string name) =>
        machine.Symbols is { } symbols && symbols.TryFind(name, out Symbol symbol) ? symbol.Address : null;

    private static string Hash(string text)
    {
        Sha256 hash = new();
        hash.Append(Encoding.UTF8.GetBytes(text));
        return hash.Finish();
    }
}
