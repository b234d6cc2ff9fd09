using System.Buffers.Binary;

namespace IommuSpy.Memory.Containers;

/// <summary>What virsh save writes before QEMU's saved state: a header and the domain's description (libvirt, src/qemu/qemu_saveimage.h).</summary>
internal static class LibvirtSave
{
    private const int HeaderBytes = 92;
    private const uint NewestVersion = 3;

    private static ReadOnlySpan<byte> Signature => "LibvirtQemudSave"u8;

    private static ReadOnlySpan<byte> UnfinishedSignature => "LibvirtQemudPart"u8;

    /// <summary>The saved state inside, or null where the file is none of libvirt's.</summary>
    /// <exception cref="MemoryImageException">It was never finished, or is cut off.</exception>
    internal static ImageFile? Inside(ImageFile file)
    {
        if (file.StartsWith(UnfinishedSignature))
        {
            throw new MemoryImageException($"{file.Path}: libvirt's saved domain that was never finished");
        }

        if (!file.StartsWith(Signature))
        {
            return null;
        }

        if (!file.Holds(0, HeaderBytes))
        {
            throw new MemoryImageException($"{file.Path}: libvirt's saved domain cut off inside its header");
        }

        ReadOnlySpan<byte> header = file.Span(0, HeaderBytes);
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
        ulong start = HeaderBytes + (ulong)BinaryPrimitives.ReadUInt32LittleEndian(header[20..]);
        return version is > 0 and <= NewestVersion && start < file.Length
            ? new SliceFile(file, start)
            : throw new MemoryImageException($"{file.Path}: libvirt's saved domain of version {version} whose state begins at 0x{start:x}, and the file ends "
                + $"at 0x{file.Length:x}");
    }
}
