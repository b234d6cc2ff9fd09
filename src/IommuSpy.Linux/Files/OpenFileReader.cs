using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Files;

/// <summary>Reads which files a task has open (struct files_struct, fs/file.c). Not safe to share between threads.</summary>
public sealed class OpenFileReader
{
    // fs.nr_open can be set no higher on any machine (sysctl_nr_open_max).
    private const ulong MostDescriptors = 1 << 27;
    private const int WordsAtOnce = 512;

    private readonly KernelObjects _objects;
    private readonly FileReader _files;
    private readonly Field _open;
    private readonly Field _table;
    private readonly Field _most;
    private readonly Field _array;
    private readonly Field? _position;
    private readonly Field? _flags;
    private readonly Field? _inode;
    private readonly Field? _mode;

    /// <summary>Reads a kernel's.</summary>
    /// <exception cref="MissingTypeException">Nothing describes where a task keeps them.</exception>
    public OpenFileReader(KernelObjects objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        _objects = objects;
        _files = new(objects);
        KernelTypes types = objects.Types;
        _open = types.Struct("task_struct").Field("files");
        _table = types.Struct("files_struct").Field("fdt");
        StructType table = types.Struct("fdtable");
        _most = table.Field("max_fds");
        _array = table.Field("fd");
        _position = types.FindField("file", "f_pos");
        _flags = types.FindField("file", "f_flags");
        _inode = types.FindField("file", "f_inode");
        _mode = types.FindField("inode", "i_mode");
    }

    /// <summary>The open files of a task, by number; none of a kernel thread without any.</summary>
    /// <returns>The files, and why some may be missing; null where none are.</returns>
    public (IReadOnlyList<OpenFile> Files, string? Damage) Of(KernelTask task)
    {
        (IReadOnlyList<(int Descriptor, VirtualAddress File)> found, string? damage) = Opened(task);
        return ([.. found.Select(one => Read(one.Descriptor, one.File))], damage);
    }

    /// <summary>The struct file of each open file of a task, by number, and why some may be missing; null where none are.</summary>
    internal (IReadOnlyList<(int Descriptor, VirtualAddress File)> Files, string? Damage) Opened(KernelTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (_objects.Pointer(task.Address, _open) is not VirtualAddress open)
        {
            return ([], null);
        }

        if (_objects.Pointer(open, _table) is not VirtualAddress table || _objects.Pointer(table, _array) is not VirtualAddress array
            || _objects.Read(table, _most) is not (ulong most and <= MostDescriptors))
        {
            return ([], $"{task}: its table of open files at {open} cannot be read");
        }

        List<(int, VirtualAddress)> files = [];
        string? damage = null;
        WorkAllowance allowance = new(_objects.Kernel.Memory.Budget, Work.Steps, (long)most);
        byte[] words = new byte[WordsAtOnce * sizeof(ulong)];
        for (ulong first = 0; first < most && damage is null; first += WordsAtOnce)
        {
            int wanted = (int)Math.Min(WordsAtOnce, most - first);
            int read = _objects.Kernel.Space.Read(array + (first * sizeof(ulong)), words.AsSpan(0, wanted * sizeof(ulong))) / sizeof(ulong);
            damage = read < wanted ? $"{task}: its table of open files ends at {first + (ulong)read} of {most}: the rest cannot be read" : null;
            for (int i = 0; i < read; i++)
            {
                ulong file = BitConverter.ToUInt64(words, i * sizeof(ulong));
                if (!allowance.TryUse())
                {
                    damage = $"{task}: not all of its open files were read";
                    break;
                }

                if (file != 0)
                {
                    files.Add(((int)first + i, new(file)));
                }
            }
        }

        allowance.Finish();
        return (files, damage);
    }

    private OpenFile Read(int descriptor, VirtualAddress file) => new(
        descriptor,
        _files.Read(file),
        (long?)_objects.Read(file, _position),
        (uint?)_objects.Read(file, _flags),
        _objects.Pointer(file, _inode) is VirtualAddress inode ? (uint?)_objects.Read(inode, _mode) : null);
}
