using IommuSpy.Linux.Files;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Files;

/// <summary>Paths of files through directories and mounts.</summary>
public sealed class FileReaderTests : IDisposable
{
    private static readonly StructType Name = TestTypes.Struct("qstr", 16, ("len", 4, TestTypes.Half), ("name", 8, TestTypes.Pointer));
    private static readonly StructType InFile = TestTypes.Struct("path", 16, ("mnt", 0, TestTypes.Pointer), ("dentry", 8, TestTypes.Pointer));
    private static readonly StructType InMount = TestTypes.Struct("vfsmount", 16, ("mnt_root", 0, TestTypes.Pointer), ("mnt_sb", 8, TestTypes.Pointer));

    private static readonly TestTypes Types = new(
        Name,
        InMount,
        TestTypes.Struct("file", 16, ("f_path", 0, InFile)),
        TestTypes.Struct("dentry", 40, ("d_parent", 0, TestTypes.Pointer), ("d_name", 8, Name), ("d_inode", 24, TestTypes.Pointer)),
        TestTypes.Struct("mount", 48, ("mnt_parent", 0, TestTypes.Pointer), ("mnt_mountpoint", 8, TestTypes.Pointer), ("mnt", 16, InMount)));

    private readonly ObjectMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(40, 255, true)]
    [InlineData(2000, 2, true)]
    [InlineData(5000, 2, false)]
    [InlineData(300, 1024, false)]
    public void A_path_has_as_many_parts_as_a_kernel_can_name_and_long_names_count_as_more(int parts, int letters, bool isRead)
    {
        string name = new('n', letters);
        VirtualAddress text = _machine.Take((ulong)letters + 1);
        _machine.Text(text, name);
        VirtualAddress root = _machine.Take(40);
        Entry(root, root, text, 0);
        VirtualAddress at = root;
        for (int i = 0; i < parts; i++)
        {
            VirtualAddress below = _machine.Take(40);
            Entry(below, at, text, letters);
            at = below;
        }

        VirtualAddress mount = _machine.Take(48);
        _machine.Word(mount, mount.Value);
        _machine.Word(mount + 8, root.Value);
        _machine.Word(mount + 16, root.Value);
        VirtualAddress file = _machine.Take(16);
        _machine.Word(file, mount.Value + 16);
        _machine.Word(file + 8, at.Value);
        KernelObjects objects = _machine.Objects(Types);
        Assert.Equal(isRead ? string.Concat(Enumerable.Repeat("/" + name, parts)) : null, new FileReader(objects).Read(file).Path);
    }

    private void Entry(VirtualAddress at, VirtualAddress parent, VirtualAddress text, int letters)
    {
        _machine.Word(at, parent.Value);
        _machine.Half(at + 12, (uint)letters);
        _machine.Word(at + 16, text.Value);
    }
}
