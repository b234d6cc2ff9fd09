using IommuSpy.Linux.Types.Btf;
using IommuSpy.Linux.Types.Isf;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Types.Files;

/// <summary>
/// Types that a file describes, whose content says how: raw BTF, an ELF file with BTF (vmlinux, a module) or with DWARF (vmlinux, through pahole), Volatility's
/// JSON, plain or compressed with xz.
/// </summary>
public static class TypeFile
{
    private const int SniffedBytes = 64;
    internal const long MaxBlobBytes = 1L << 28;

    private static ReadOnlySpan<byte> BigEndianBtf => [0xeb, 0x9f];

    /// <summary>Reads a file of types.</summary>
    /// <param name="kernel">The kernel that it is to describe. What names the kernel that it was made for has to name this one.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="MemoryImageException">It cannot be read.</exception>
    /// <exception cref="MissingTypeException">It is none of these, is damaged, or describes another kernel. The message is one line.</exception>
    public static KernelTypes Open(LinuxKernel kernel, string path)
    {
        try
        {
            using FileStream file = Opener.ReadStream(path);
            byte[] start = new byte[SniffedBytes];
            ReadOnlySpan<byte> sniffed = start.AsSpan(0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
            file.Position = 0;
            if (sniffed.StartsWith(BtfHeader.Signature))
            {
                byte[] blob = new byte[file.Length <= MaxBlobBytes ? file.Length : throw new MissingTypeException($"{path}: BTF, but of {file.Length} bytes")];
                file.ReadExactly(blob);
                return Btf(kernel, blob, $"BTF of {path}", path);
            }

            if (ElfSections.Recognises(sniffed))
            {
                return Elf(kernel, file, path);
            }

            if (XzJson.Recognises(sniffed))
            {
                return IsfTypes.Read(XzJson.Open(file), kernel.Facts.Banner.Value, path);
            }

            if (sniffed.TrimStart(" \t\r\n\u00ef\u00bb\u00bf"u8).StartsWith("{"u8))
            {
                return IsfTypes.Read(file, kernel.Facts.Banner.Value, path);
            }

            throw new MissingTypeException(sniffed.StartsWith(BigEndianBtf)
                ? $"{path}: BTF of a big-endian machine"
                : $"{path}: describes no types that are known here: raw BTF, an ELF file with BTF or DWARF, or Volatility's JSON (.json, .json.xz)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MemoryImageException($"--types {path}: {FileProblem.Of(e, path)}", e);
        }
    }

    private static BtfTypes Btf(LinuxKernel kernel, byte[] blob, string origin, string path)
    {
        BtfTypes? baseTypes = null;
        if (BtfTypes.IsSplit(blob))
        {
            baseTypes = BtfInMemory.Find(kernel)
                ?? throw new MissingTypeException($"{path}: BTF of a module, which needs its kernel's, and this kernel's image has none");
        }

        return BtfTypes.Read(blob, origin, baseTypes) ?? throw new MissingTypeException($"{path}: BTF, but damaged or cut off");
    }

    private static BtfTypes Elf(LinuxKernel kernel, FileStream file, string path)
    {
        ElfSections sections = ElfSections.Read(file, path);
        if (sections.Bytes(".rodata") is byte[] constants && constants.AsSpan().IndexOf("Linux version "u8) >= 0
            && constants.AsSpan().IndexOf(System.Text.Encoding.Latin1.GetBytes(kernel.Facts.Banner.Value.TrimEnd('\n'))) < 0)
        {
            throw new MissingTypeException($"{path}: another kernel than the image's ({kernel.Facts.Release.Value}): the banners differ");
        }

        if (sections.Bytes(".BTF") is byte[] blob)
        {
            return Btf(kernel, blob, $"BTF of {path}", path);
        }

        return sections.Has(".debug_info")
            ? PaholeDwarf.Read(path)
            : throw new MissingTypeException($"{path}: ELF, but with neither BTF nor DWARF (.BTF, .debug_info)");
    }
}
