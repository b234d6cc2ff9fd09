using System.Globalization;
using System.Text;

namespace IommuSpy.Lab.Guests;

/// <summary>
/// Writes the "newc" archives that the kernel unpacks as its first file system (Documentation/driver-api/early-userspace/buffer-format.rst).
/// Written here rather than with cpio because a device node can then be made without being root.
/// </summary>
internal sealed class CpioArchive(Stream output)
{
    private const int Directory = 0x4000;
    private const int Regular = 0x8000;
    private const int CharacterDevice = 0x2000;
    private const int SymbolicLink = 0xa000;
    private int _inode = 1;

    public void AddDirectory(string path) => Add(path, Directory | 0x1ed, [], 0, 0);

    public void AddFile(string path, ReadOnlySpan<byte> content, bool executable = false) => Add(path, Regular | (executable ? 0x1ed : 0x1a4), content, 0, 0);

    public void AddLink(string path, string target) => Add(path, SymbolicLink | 0x1ff, Encoding.UTF8.GetBytes(target), 0, 0);

    public void AddCharacterDevice(string path, int major, int minor) => Add(path, CharacterDevice | 0x180, [], major, minor);

    /// <summary>Writes the entry that ends an archive.</summary>
    public void Finish() => Add("TRAILER!!!", 0, [], 0, 0);

    private void Add(string path, int mode, ReadOnlySpan<byte> content, int major, int minor)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + '\0');

        // magic, inode, mode, uid, gid, links, time, size, device of the file system (2), of the node (2), name length, checksum.
        int[] fields = [_inode++, mode, 0, 0, 1, 0, content.Length, 0, 0, major, minor, name.Length, 0];
        var header = new StringBuilder("070701");
        foreach (int field in fields)
        {
            header.Append(field.ToString("x8", CultureInfo.InvariantCulture));
        }

        output.Write(Encoding.ASCII.GetBytes(header.ToString()));
        output.Write(name);
        Pad(header.Length + name.Length);
        output.Write(content);
        Pad(content.Length);
    }

    private void Pad(int written) => output.Write(stackalloc byte[(4 - (written % 4)) % 4]);
}
