using System.CommandLine;
using System.Runtime.InteropServices;
using IommuSpy.Analysis.Read;
using IommuSpy.Cli.Commands;
using IommuSpy.Cli.Json;
using IommuSpy.Memory;
using IommuSpy.Memory.Sources.Devmem;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Cli;

/// <summary>Physical addresses of the running machine through /dev/mem, as `dev_mem`, `read -s devmem --physical` and `write` use them.</summary>
internal static class PhysicalAccess
{
    /// <summary>Reads physical memory and shows it.</summary>
    /// <exception cref="NoAnswerException">The kernel refuses an address; what could be read before it was shown.</exception>
    public static int Read(ParseResult result, OutputOptions output, DevMem device, PhysicalAddress address, ulong length, ReadCommand.ReadForm form) =>
        ReadCommand.Read(result, output, address.Value, length, form, isPhysical: true, (at, bytes) =>
        {
            int read = device.Read(new(at), bytes, form.Width, out string? refusal);
            return new(read, refusal is null ? null : $"0x{unchecked(at + (ulong)read):x}: {refusal}");
        });

    /// <summary>Says what will be written, asks, writes, reads back and shows.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="output">In which form to answer.</param>
    /// <param name="address">The physical address.</param>
    /// <param name="value">The value that is written.</param>
    /// <param name="width">In which width.</param>
    /// <param name="yes">Whether the user has agreed already.</param>
    /// <exception cref="UsageException">The value is wider than the access, or nobody can be asked.</exception>
    /// <exception cref="NoAnswerException">The user does not agree, or the kernel refuses the address.</exception>
    public static int Write(ParseResult result, OutputOptions output, PhysicalAddress address, ulong value, AccessWidth width, bool yes)
    {
        int bits = (int)width * 8;
        if (bits < 64 && value >> bits != 0)
        {
            throw new UsageException($"0x{value:x} does not fit into {bits} bits: name the width with --width");
        }

        string? name = DevMem.NameOf(RunningFiles.Here, address);
        string what = $"{bits} bits, 0x{value.ToString($"x{(int)width * 2}", null)}, to physical "
            + $"0x{address.Value:x16} ({name ?? "nothing that /proc/iomem lists"})";
        if (!yes && !Agreed(what))
        {
            throw new NoAnswerException("nothing was written");
        }

        using DevMem device = DevMem.Open(RunningFiles.Here, writable: true);
        if (!device.TryWrite(address, value, width, out string? refusal))
        {
            throw new NoAnswerException($"0x{address.Value:x}: {refusal}");
        }

        byte[] after = new byte[sizeof(ulong)];
        int read = device.Read(address, after.AsSpan(0, (int)width), width, out refusal);
        if (read < (int)width)
        {
            throw new NoAnswerException($"written; but it cannot be read back: {refusal}");
        }

        WriteReport report = new(address, name, device.IsMemory(address), bits, new(value), new(MemoryMarshal.Read<ulong>(after)));
        Reports.Write(result, output.Form(result), report, ReportJson.Default.WriteReport, (text, shown) =>
        {
            text.WriteLine($"wrote {what}");
            text.WriteLine($"reads "
                + $"0x{shown.ReadBack.Value.ToString($"x{(int)width * 2}", null)}"
                + $"{(shown.ReadBack == shown.Value ? ""
                    : shown.IsMemory ? "   not what was written: somebody else wrote there meanwhile"
                    : "   not what was written: a register need not keep it")}");
        }, "write");
        return ExitCode.Done;
    }

    private static bool Agreed(string what)
    {
        if (Console.IsInputRedirected || !Display.ErrorIsTerminal)
        {
            throw new UsageException($"this writes {what}: there is no terminal to ask on; say --yes if that is meant");
        }

        using LineWriter beside = Output.Beside();
        beside.Write($"This writes {what}. Go on? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
