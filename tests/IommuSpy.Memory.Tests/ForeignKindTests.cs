using System.Globalization;
using System.Text;

namespace IommuSpy.Memory.Tests;

/// <summary>Files that are given by mistake: each is refused in one line that says what it is and how something readable is made of it.</summary>
public class ForeignKindTests
{
    private const string Disk =
        "a disk holds no memory; take it while the guest runs (QEMU: dump-guest-memory or virsh dump --memory-only; inside of the guest: avml or LiME)";
    private const string Windows = "it is Windows' memory, and only Linux kernels are read here: WinDbg and volatility3 read it";
    private const string None = "name a memory image (iommu-spy formats lists which are read)";
    private const string Code =
        "it holds code and not the memory of a machine that ran it; name a dump of that machine, in which symbols and types are found without it";
    private const string Unpack = "unpack it and name the image that is in it";

    /// <summary>Where the signature stands, the signature as hexadecimal digits, what the file is called, and what to do.</summary>
    public static TheoryData<int, string, string, string> Kinds => new()
    {
        {
            0, "514649fb00000003", "a qcow2 disk image of QEMU",
            "a disk holds no memory; where it has a snapshot with memory (qemu-img snapshot -l), start the guest from it " +
            "(-loadvm NAME) and take it with dump-guest-memory"
        },
        { 0, Hex("vhdxfile"), "a VHDX disk image", Disk },
        { 0, Hex("conectix"), "a VHD disk image", Disk },
        { 7680, Hex("conectix"), "a VHD disk image", Disk },
        {
            0, Hex("KDMV"), "a VMDK disk image of VMware",
            "a disk holds no memory; suspend the machine or take a snapshot with memory, and name its .vmem with the .vmss or .vmsn beside it"
        },
        {
            0, Hex("# Disk DescriptorFile"), "a VMDK disk image of VMware",
            "a disk holds no memory; suspend the machine or take a snapshot with memory, and name its .vmem with the .vmss or .vmsn beside it"
        },
        {
            64, "7f10dabe", "a VDI disk image of VirtualBox",
            "a disk holds no memory; while the machine runs, VBoxManage debugvm NAME dumpvmcore --filename FILE makes an ELF core that is read"
        },
        {
            0, Hex("\u007fVirtualBox SavedState V2.0\n"), "a saved state of VirtualBox (.sav)",
            "start the machine again, and VBoxManage debugvm NAME dumpvmcore --filename FILE makes an ELF core that is read"
        },
        { 512, Hex("EFI PART"), "a disk image with a partition table (GPT)", Disk },
        { 0, "4c554b53babe0002", "an encrypted disk image (LUKS)", Disk },
        { 0, Hex("hsqs"), "a squashfs file system", Disk },
        { 0, "455646090d0aff00", "an EnCase evidence file (E01)", "ewfexport -t OUT -f raw FILE makes the raw image that is in it" },
        { 0, "455646320d0a8100", "an EnCase evidence file (E01)", "ewfexport -t OUT -f raw FILE makes the raw image that is in it" },
        { 0, Hex("AFF10\r\n\0"), "an AFF evidence file", "affconvert -r FILE makes the raw image that is in it" },
        { 0, Hex("PAGEDU64"), "a Windows crash dump", Windows },
        { 0, Hex("PAGEDUMP"), "a Windows crash dump", Windows },
        { 0, "4d444d5093a7", "a Windows minidump", Windows },
        { 0, Hex("HIBR"), "a hibernation file of Windows (hiberfil.sys)", Windows },
        { 0, Hex("DISKDUMP"), "a dump of the old diskdump (DISKDUMP)", "makedumpfile's and QEMU's kdump is read, which took its place" },
        { 0, "ed238f61730119a8", "a dump of LKCD", "it is of kernels before 2.6; kdump, ELF cores and raw images are read" },
        {
            0, Hex("Xen saved domain, xl format\n"), "a saved domain of Xen (xl save)",
            "xl restore -p FILE brings it back paused, and xl dump-core NAME OUT makes a core that is read"
        },
        { 0, "504b0304", "a zip archive", $"{Unpack}: unzip FILE (an AFF4 evidence file is one too)" },
        { 0, "377abcaf271c", "a 7z archive", $"{Unpack}: 7z x FILE" },
        { 0, "526172211a07", "a rar archive", $"{Unpack}: unrar x FILE" },
        { 257, Hex("ustar"), "a tar archive", $"{Unpack}: tar -xf FILE" },
        { 0, Hex("070701"), "a cpio archive, as an initramfs is", $"{Unpack}: cpio -i < FILE" },
        { 0, Hex("!<arch>\n"), "an ar archive, as a .deb package is", Code },
        { 0, "edabeedb", "an RPM package", Code },
        { 0, "894c5a4f000d0a1a0a", "a file compressed by lzop", $"{Unpack}: lzop -d FILE" },
        { 0, Hex("LZIP\u0001"), "a file compressed by lzip", $"{Unpack}: lzip -d FILE" },
        { 0, "02214c18", "a file in lz4's legacy form", $"{Unpack}: lz4 -d FILE" },
        { 0, "d4c3b2a1", "a capture of network packets (pcap)", None },
        { 0, "0a0d0d0a", "a capture of network packets (pcap)", None },
        { 0, Hex("PERFILE2"), "a recording of perf", None },
        { 0, Hex("SQLite format 3\0"), "a database of SQLite", None },
        { 0, "89504e470d0a1a0a", "a picture (PNG)", None },
        { 0, "ffd8ffe0", "a picture (JPEG)", None },
        { 0, Hex("GIF89a"), "a picture (GIF)", None },
        { 0, Hex("%PDF-1.7"), "a PDF document", None },
        { 0x202, Hex("HdrS"), "a Linux kernel to boot (vmlinuz, bzImage)", Code },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_kind_is_named_with_what_to_do(int offset, string signature, string name, string advice)
    {
        // Bytes that look like memory around it.
        byte[] file = new byte[8192];
        file.AsSpan(0, 4096).Fill(0x90);
        file[300] = 0;
        Convert.FromHexString(signature).CopyTo(file, offset);
        AssertLine(file, name, advice);
    }

    [Theory]
    [InlineData(1, "an object file, as a kernel module (.ko) is", Code)]
    [InlineData(2, "an ELF program, as vmlinux is", Code + "; where types are missing there, --types FILE takes them from a vmlinux")]
    [InlineData(3, "an ELF program, as vmlinux is", Code + "; where types are missing there, --types FILE takes them from a vmlinux")]
    public void An_ELF_file_that_is_no_core_is_named(ushort type, string name, string advice)
    {
        byte[] file = new ElfCoreBuilder().AddLoad(0x1000, new byte[0x1000]).Build();
        BitConverter.TryWriteBytes(file.AsSpan(16), type);
        AssertLine(file, name, advice);
    }

    [Theory]
    [InlineData(6U)]
    [InlineData(0x46494c45U)]
    public void The_core_of_a_process_is_named_and_a_machines_is_read(uint note)
    {
        byte[] status = ElfCoreBuilder.NoteBytes("CORE", 1, new byte[336]);
        byte[] process = new ElfCoreBuilder()
            .AddNotes(status, ElfCoreBuilder.NoteBytes("CORE", note, new byte[64]))
            .AddLoad(0, new byte[0x1000], virtualAddress: 0x7f00_0000_0000)
            .Build();
        AssertLine(
            process,
            "the core of a process",
            "it holds one program's virtual memory and no physical memory; name a dump of the whole machine");
        using TemporaryFile machine = TemporaryFile.With(new ElfCoreBuilder().AddNotes(status).AddLoad(0x1000, new byte[0x1000]).Build());
        using MemoryImage image = MemoryImage.Open(machine.Path);
        Assert.Equal("ELF core", image.Format);
    }

    [Fact]
    public void A_program_of_Windows_or_EFI_is_named()
    {
        byte[] file = new byte[8192];
        "MZ"u8.CopyTo(file);
        file[0x3c] = 0x80;
        "PE"u8.CopyTo(file.AsSpan(0x80));
        AssertLine(file, "a program of Windows or EFI", Code);
    }

    [Fact]
    public void A_text_is_named()
    {
        string log =
            string.Concat(Enumerable.Range(0, 200)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"[{i}.000000] \u001b[32mDMAR\u001b[0m: fault\r\n")));
        AssertLine(Encoding.ASCII.GetBytes(log), "a text", None);
    }

    [Fact]
    public void Memory_that_has_signatures_elsewhere_is_memory()
    {
        // A page of a picture, an archive and a program in RAM: not where a file would have them.
        byte[] ram = new byte[0x4000];
        "PAGEDU64"u8.CopyTo(ram.AsSpan(0x1000));
        Convert.FromHexString("89504e470d0a1a0a").CopyTo(ram, 0x2000);
        "\u007fELF\u0002\u0001"u8.CopyTo(ram.AsSpan(0x3000));
        using TemporaryFile file = TemporaryFile.With(ram);
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal("raw", image.Format);
    }

    private static string Hex(string signature) => Convert.ToHexString(Encoding.Latin1.GetBytes(signature));

    private static void AssertLine(byte[] file, string name, string advice)
    {
        using TemporaryFile temporary = TemporaryFile.With(file);
        string message = Assert.Throws<MemoryImageException>(() => MemoryImage.Open(temporary.Path).Dispose()).Message;
        Assert.Equal($"{temporary.Path}: is {name}, and no memory image that is read: {advice}", message);
    }
}
