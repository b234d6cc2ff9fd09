using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using IommuSpy.Memory.Formats.Elf;

namespace IommuSpy.Memory.Formats.Foreign;

/// <summary>
/// A kind of file that is given by mistake and is no memory image, or none that is read: what it is and how something readable is made of it. All of
/// them are in one table, by signature. A signature has at least four bytes, so that no RAM begins with it: physical address 0 has vectors of real mode
/// or zeros.
/// </summary>
internal sealed class ForeignKind
{
    private const int TextBytes = 4096;

    // Escape begins colours in logs.
    private static readonly SearchValues<byte> Printable =
        SearchValues.Create([.. "\t\n\r\u001b"u8, .. Enumerable.Range(' ', '~' - ' ' + 1).Select(value => (byte)value)]);

    private const string DiskAdvice =
        "a disk holds no memory; take it while the guest runs (QEMU: dump-guest-memory or virsh dump --memory-only; inside of the guest: avml or LiME)";
    private const string WindowsAdvice = "it is Windows' memory, and only Linux kernels are read here: WinDbg and volatility3 read it";
    private const string NoImageAdvice = "name a memory image (iommu-spy formats lists which are read)";
    private const string ProgramAdvice =
        "it holds code and not the memory of a machine that ran it; name a dump of that machine, in which symbols and types are found without it";
    private const string UnpackAdvice = "unpack it and name the image that is in it";

    private static readonly ForeignKind[] All =
    [
        new(
            "a qcow2 disk image of QEMU",
            "a disk holds no memory; where it has a snapshot with memory (qemu-img snapshot -l), start the guest " +
            "from it (-loadvm NAME) and take it with dump-guest-memory",
            At(0, "QFI\u00fb")),
        new("a VHDX disk image", DiskAdvice, At(0, "vhdxfile")),
        new("a VHD disk image", DiskAdvice, At(0, "conectix"), file => file.Length > 512 && Has(file, file.Length - 512, "conectix")),
        new(
            "a VMDK disk image of VMware",
            "a disk holds no memory; suspend the machine or take a snapshot with memory, and name its .vmem with the .vmss or .vmsn beside it",
            At(0, "KDMV"), At(0, "COWD"), At(0, "# Disk DescriptorFile")),
        new(
            "a VDI disk image of VirtualBox",
            "a disk holds no memory; while the machine runs, VBoxManage debugvm NAME dumpvmcore --filename FILE makes an ELF core that is read",
            At(0x40, "\u007f\u0010\u00da\u00be")),
        new(
            "a saved state of VirtualBox (.sav)",
            "start the machine again, and VBoxManage debugvm NAME dumpvmcore --filename FILE makes an ELF core that is read",
            At(0, "\u007fVirtualBox SavedState")),
        new("a disk image with a partition table (GPT)", DiskAdvice, At(512, "EFI PART")),
        new("an encrypted disk image (LUKS)", DiskAdvice, At(0, "LUKS\u00ba\u00be")),
        new("a squashfs file system", DiskAdvice, At(0, "hsqs")),
        new(
            "an EnCase evidence file (E01)",
            "ewfexport -t OUT -f raw FILE makes the raw image that is in it",
            At(0, "EVF\u0009\u000d\u000a\u00ff\u0000"), At(0, "EVF2\u000d\u000a\u0081\u0000"), At(0, "LVF\u0009\u000d\u000a\u00ff\u0000")),
        new("an AFF evidence file", "affconvert -r FILE makes the raw image that is in it", At(0, "AFF10\u000d\u000a\u0000")),
        new("a Windows crash dump", WindowsAdvice, At(0, "PAGEDU64"), At(0, "PAGEDUMP")),
        new("a Windows minidump", WindowsAdvice, At(0, "MDMP\u0093\u00a7")),
        new(
            "a hibernation file of Windows (hiberfil.sys)",
            WindowsAdvice,
            At(0, "hibr"), At(0, "HIBR"), At(0, "wake"), At(0, "WAKE"), At(0, "RSTR"), At(0, "HORM")),
        new("a dump of the old diskdump (DISKDUMP)", "makedumpfile's and QEMU's kdump is read, which took its place", At(0, "DISKDUMP")),
        new(
            "a dump of LKCD",
            "it is of kernels before 2.6; kdump, ELF cores and raw images are read",
            At(0, "\u00ed\u0023\u008f\u0061\u0073\u0001\u0019\u00a8")),
        new(
            "a saved domain of Xen (xl save)",
            "xl restore -p FILE brings it back paused, and xl dump-core NAME OUT makes a core that is read",
            At(0, "Xen saved domain"), At(0, "LibxlFmt"), At(0, "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ffXENF")),
        new("a zip archive", $"{UnpackAdvice}: unzip FILE (an AFF4 evidence file is one too)", At(0, "PK\u0003\u0004"), At(0, "PK\u0005\u0006")),
        new("a 7z archive", $"{UnpackAdvice}: 7z x FILE", At(0, "7z\u00bc\u00af\u0027\u001c")),
        new("a rar archive", $"{UnpackAdvice}: unrar x FILE", At(0, "Rar!\u001a\u0007")),
        new("a tar archive", $"{UnpackAdvice}: tar -xf FILE", At(257, "ustar")),
        new("a cpio archive, as an initramfs is", $"{UnpackAdvice}: cpio -i < FILE", At(0, "070701"), At(0, "070702")),
        new("an ar archive, as a .deb package is", ProgramAdvice, At(0, "!<arch>\u000a")),
        new("an RPM package", ProgramAdvice, At(0, "\u00ed\u00ab\u00ee\u00db")),
        new("a file compressed by lzop", $"{UnpackAdvice}: lzop -d FILE", At(0, "\u0089LZO\u0000\u000d\u000a\u001a\u000a")),
        new("a file compressed by lzip", $"{UnpackAdvice}: lzip -d FILE", At(0, "LZIP\u0001")),
        new("a file in lz4's legacy form", $"{UnpackAdvice}: lz4 -d FILE", At(0, "\u0002\u0021\u004c\u0018")),
        new(
            "a capture of network packets (pcap)",
            NoImageAdvice,
            At(0, "\u00d4\u00c3\u00b2\u00a1"), At(0, "\u00a1\u00b2\u00c3\u00d4"), At(0, "\u004d\u003c\u00b2\u00a1"), At(0, "\u000a\u000d\u000d\u000a")),
        new("a recording of perf", NoImageAdvice, At(0, "PERFILE2")),
        new("a database of SQLite", NoImageAdvice, At(0, "SQLite format 3")),
        new("a picture (PNG)", NoImageAdvice, At(0, "\u0089PNG\u000d\u000a\u001a\u000a")),
        new(
            "a picture (JPEG)",
            NoImageAdvice,
            At(0, "\u00ff\u00d8\u00ff\u00e0"), At(0, "\u00ff\u00d8\u00ff\u00e1"), At(0, "\u00ff\u00d8\u00ff\u00db")),
        new("a picture (GIF)", NoImageAdvice, At(0, "GIF87a"), At(0, "GIF89a")),
        new("a PDF document", NoImageAdvice, At(0, "%PDF-")),
        new("a Linux kernel to boot (vmlinuz, bzImage)", ProgramAdvice, At(0x202, "HdrS")),
        new("a program of Windows or EFI", ProgramAdvice, IsPortableExecutable),
        new("an object file, as a kernel module (.ko) is", ProgramAdvice, file => ElfType(file) == 1),
        new(
            "an ELF program, as vmlinux is",
            $"{ProgramAdvice}; where types are missing there, --types FILE takes them from a vmlinux",
            file => ElfType(file) is 2 or 3),
        new("the core of a process", "it holds one program's virtual memory and no physical memory; name a dump of the whole machine", IsProcessCore),
        new("a text", NoImageAdvice, IsText),
    ];

    private readonly string _name;
    private readonly string _advice;
    private readonly Func<ImageFile, bool>[] _tests;

    private ForeignKind(string name, string advice, params Func<ImageFile, bool>[] tests)
    {
        _name = name;
        _advice = advice;
        _tests = tests;
    }

    /// <summary>What all of them are called: "a VHDX disk image".</summary>
    internal static IEnumerable<string> Names => All.Select(kind => kind._name);

    /// <summary>What is said of a file that is of one of the kinds, in one line behind its path; null where it is of none.</summary>
    internal static string? Refusal(ImageFile file) => Array.Find(All, kind => Array.Exists(kind._tests, test => test(file))) is ForeignKind found
        ? $"is {found._name}, and no memory image that is read: {found._advice}"
        : null;

    // Signatures are written as Latin-1: a character a byte.
    private static Func<ImageFile, bool> At(ulong offset, string signature) => file => Has(file, offset, signature);

    private static bool Has(ImageFile file, ulong offset, string signature) =>
        file.Holds(offset, (ulong)signature.Length) && file.Span(offset, signature.Length).SequenceEqual(Encoding.Latin1.GetBytes(signature));

    // System V gABI, chapter 4: e_type 1 is relocatable, 2 executable, 3 shared, 4 core.
    private static int ElfType(ImageFile file) => file.StartsWith("\u007fELF"u8) && file.Holds(16, sizeof(ushort))
        ? BinaryPrimitives.ReadUInt16LittleEndian(file.Span(16, sizeof(ushort)))
        : -1;

    // "MZ", and where e_lfanew points "PE\0\0".
    private static bool IsPortableExecutable(ImageFile file) => file.StartsWith("MZ"u8)
        && file.Holds(0x3c, sizeof(uint)) && Has(file, BinaryPrimitives.ReadUInt32LittleEndian(file.Span(0x3c, sizeof(uint))), "PE\u0000\u0000");

    // Of a process alone the kernel (fs/binfmt_elf.c) and gdb write the auxiliary vector and the list of mapped files.
    private static bool IsProcessCore(ImageFile file)
    {
        const uint AuxiliaryVector = 6; // NT_AUXV
        const uint MappedFiles = 0x4649_4c45; // NT_FILE
        const ulong MostNoteBytes = 16 << 20;
        if (ElfType(file) != 4)
        {
            return false;
        }

        try
        {
            return ElfProgramHeaders.Read(file)
                .Where(header => header.Type == ElfProgramHeader.Note && header.FileBytes <= MostNoteBytes && file.Holds(header.Offset, header.FileBytes))
                .Take(1)
                .SelectMany(header => ElfNotes.Read(file.Span(header.Offset, (int)header.FileBytes)))
                .Any(note => string.Equals(note.Name, "CORE", StringComparison.Ordinal) && note.Type is AuxiliaryVector or MappedFiles);
        }
        catch (MemoryImageException)
        {
            // What is wrong with a core is for its reader to say.
            return false;
        }
    }

    // A page of printable characters alone: a log, a page of the Web in place of a download, a script.
    // A text has lines; memory that is full of one printable byte has none.
    private static bool IsText(ImageFile file)
    {
        ReadOnlySpan<byte> start = file.Span(0, (int)Math.Min(file.Length, TextBytes));
        return start.Contains((byte)'\n') && !start.ContainsAnyExcept(Printable);
    }
}
