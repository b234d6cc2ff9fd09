using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Testing.Kernel;

/// <summary>
/// Gives a built kernel what it knows of its processes, in 3.16's way: task_struct with thread_info on a stack of its own, lists of tasks, threads and
/// children, mm_struct with a list of areas, files with directory entries, inodes, super_blocks and mounts. What lies between the fields is noise.
/// </summary>
public sealed class ProcessObjectsBuilder
{
    /// <summary>What <see cref="KernelBuilder.StaticObjectBytes"/> has to be at least.</summary>
    public const ulong StaticBytes = 0x8000;

    private const ulong Pool = 192UL << 20;
    private const ulong Slabs = 200UL << 20;
    private const ulong SlabBytes = 1UL << 20;
    private const ulong StaticRest = 0x4000;
    private const ulong AllCapabilities = 0x1f_ffff_ffff;
    private readonly PhysicalMemoryBuilder _memory;
    private readonly BuiltKernel _kernel;
    private readonly ObjectLayout _layout;
    private readonly Random _noise;
    private readonly Dictionary<ulong, string> _kinds = [];
    private readonly Dictionary<string, ulong> _slabs = [];
    private readonly List<ulong> _tasks = [];
    private readonly List<IReadOnlyList<ulong>> _areas = [];
    private ulong _next = Pool;
    private ulong _nextStatic;

    /// <summary>A builder.</summary>
    /// <param name="memory">Where the kernel was built.</param>
    /// <param name="kernel">The kernel, with init_task among its places.</param>
    /// <param name="layout">Where fields are.</param>
    public ProcessObjectsBuilder(PhysicalMemoryBuilder memory, BuiltKernel kernel, ObjectLayout layout)
    {
        _memory = memory;
        _kernel = kernel;
        _layout = layout;
        _noise = new(layout.BytesOf("task_struct"));
        _nextStatic = kernel.Places["init_task"].Value + StaticRest;
    }

    /// <summary>Every task by its address, init_task first.</summary>
    public IReadOnlyList<ulong> Tasks => _tasks;

    /// <summary>The areas of each process, in the order of the processes.</summary>
    public IReadOnlyList<IReadOnlyList<ulong>> Areas => _areas;

    /// <summary>Where a field of an object is in physical memory.</summary>
    public PhysicalAddress FieldOf(ulong instance, string structure, string field) => Physical(instance + (ulong)_layout[structure, field]);

    /// <summary>Writes everything: init_task, kernel threads, and a process for each root table of the kernel, the last with three threads.</summary>
    public void Build()
    {
        ulong init = Object("task_struct", _kernel.Places["init_task"].Value);
        ulong credentials = Credentials(0, AllCapabilities, isStatic: true);
        Task(init, "swapper/0", 0, 0, init, init, credentials, 0x0020_0002, 0);
        ulong[] mms = Mms();
        ulong first = Leader("init", 1, init, Credentials(0, AllCapabilities), 0x0040_0100, mms[0]);
        ulong kthreadd = Leader("kthreadd", 2, init, credentials, 0x0020_8040, 0);
        for (int i = 0; i < 6; i++)
        {
            Leader($"kworker/{i}:0", 3 + i, kthreadd, Credentials(0, AllCapabilities), 0x0420_8060, 0);
        }

        ulong last = 0;
        for (int i = 1; i < mms.Length; i++)
        {
            last = Leader($"shell-{i}", 100 + (7 * i), i % 2 == 1 ? first : last, Credentials(1000, 0), 0x0040_0000, mms[i]);
        }

        List<ulong> group = [last];
        for (int i = 0; i < 2; i++)
        {
            ulong thread = Object("task_struct");
            Task(thread, "worker", 200 + i, 100 + (7 * (mms.Length - 1)), Word(last, "task_struct", "real_parent"), last, Credentials(1000, 0), 0x0040_0040,
                mms[^1]);
            Set(thread, "task_struct", "signal", Word(last, "task_struct", "signal"));
            group.Add(thread);
        }

        Link([.. Tasks.Select(task => task + (ulong)_layout["task_struct", "tasks"])]);
        foreach (ulong task in Tasks)
        {
            ulong head = Word(task, "task_struct", "signal") + (ulong)_layout["signal_struct", "thread_head"];
            List<ulong> threads = task == last ? group : [task];
            Link([head, .. threads.Select(thread => thread + (ulong)_layout["task_struct", "thread_node"])]);
            Link([.. threads.Select(thread => thread + (ulong)_layout["task_struct", "thread_group"])]);
            ulong[] children = [.. Tasks.Where(child => child != init && Word(child, "task_struct", "real_parent") == task)];
            Link([task + (ulong)_layout["task_struct", "children"], .. children.Select(child => child + (ulong)_layout["task_struct", "sibling"])]);
        }

        Link([init + (ulong)_layout["task_struct", "sibling"]]);
        foreach (ulong thread in group[1..])
        {
            Link([thread + (ulong)_layout["task_struct", "children"]]);
            Link([thread + (ulong)_layout["task_struct", "sibling"]]);
        }

        Half(FieldOf(mms[^1], "mm_struct", "mm_users"), (uint)group.Count);
    }

    private ulong Leader(string name, int pid, ulong parent, ulong credentials, uint flags, ulong mm)
    {
        ulong task = Object("task_struct");
        Task(task, name, pid, pid, parent, task, credentials, flags, mm);
        return task;
    }

    private void Task(ulong task, string name, int pid, int tgid, ulong parent, ulong leader, ulong credentials, uint flags, ulong mm)
    {
        ulong stack = Allocate(0x2000, 0x2000);
        _memory.Write(Physical(stack), task);
        Set(task, "task_struct", "state", pid == 0 ? 0UL : 1);
        Set(task, "task_struct", "stack", stack);
        Set(task, "task_struct", "mm", mm);
        Set(task, "task_struct", "active_mm", pid == 0 ? _nextStatic : mm);
        Set(task, "task_struct", "real_parent", parent);
        Set(task, "task_struct", "parent", parent);
        Set(task, "task_struct", "group_leader", leader);
        Set(task, "task_struct", "real_cred", credentials);
        Set(task, "task_struct", "cred", credentials);
        Half(FieldOf(task, "task_struct", "usage"), 2);
        Half(FieldOf(task, "task_struct", "flags"), flags);
        Half(FieldOf(task, "task_struct", "ptrace"), 0);
        Half(FieldOf(task, "task_struct", "pid"), (uint)pid);
        Half(FieldOf(task, "task_struct", "tgid"), (uint)tgid);
        byte[] text = new byte[16];
        Encoding.ASCII.GetBytes(name).CopyTo(text, 0);
        _memory.Write(FieldOf(task, "task_struct", "comm"), text);
        if (leader == task)
        {
            Set(task, "task_struct", "signal", Object("signal_struct"));
            _tasks.Add(task);
        }
    }

    // struct cred of 3.16: a count of 4 bytes, eight identities, securebits, capabilities of two words of 4 bytes each.
    private ulong Credentials(uint identity, ulong capabilities, bool isStatic = false)
    {
        ulong credentials = isStatic ? Static(128) : Allocate(128, 64);
        PhysicalAddress at = Physical(credentials);
        _memory.Write(at, new byte[128]);
        Half(at, 1U);
        for (int i = 0; i < 8; i++)
        {
            Half(at + 4 + (ulong)(i * sizeof(uint)), identity);
        }

        _memory.Write(at + 48, capabilities);
        _memory.Write(at + 56, capabilities);
        _memory.Write(at + 64, AllCapabilities);
        return credentials;
    }

    private ulong[] Mms()
    {
        ulong functions = Static(256);
        ulong vdsoFunctions = Static(256);
        ulong vdsoMapping = Static(64);
        ulong vdsoName = Static(16);
        ulong vvarMapping = Static(64);
        ulong vvarName = Static(16);
        _memory.Write(Physical(functions), _kernel.Places["_stext"].Value);
        _memory.Write(Physical(vdsoFunctions), _kernel.Places["_stext"].Value);
        _memory.Write(Physical(vdsoName), Encoding.ASCII.GetBytes("[vdso]\0"));
        _memory.Write(Physical(vdsoMapping), vdsoName);
        _memory.Write(Physical(vvarName), Encoding.ASCII.GetBytes("[vvar]\0"));
        _memory.Write(Physical(vvarMapping), vvarName);

        ulong[] supers = [.. Enumerable.Range(0, 5).Select(_ => Object("super_block"))];
        ulong[] roots = [.. supers.Select((super, i) => Entry("/", null, super, Inode(super, 2, isDirectory: true)))];
        for (int i = 0; i < supers.Length; i++)
        {
            Set(supers[i], "super_block", "s_root", roots[i]);
            Half(FieldOf(supers[i], "super_block", "s_dev"), i == 0 ? 0x80_0001U : (uint)(2 + i));
        }

        Link([Static(16), .. supers.Select(super => super + (ulong)_layout["super_block", "s_list"])]);
        ulong rootMount = Object("mount");
        ulong homeMount = Object("mount");
        ulong bin = Entry("bin", roots[0], supers[0], Inode(supers[0], 11, isDirectory: true));
        ulong home = Entry("home", roots[0], supers[0], Inode(supers[0], 12, isDirectory: true));
        Mount(rootMount, rootMount, roots[0], roots[0], supers[0]);
        Mount(homeMount, rootMount, home, roots[1], supers[1]);
        List<ulong> files = [];
        for (int i = 0; i < _kernel.Processes.Count; i++)
        {
            bool away = i % 2 == 1;
            ulong super = supers[away ? 1 : 0];
            ulong inode = Inode(super, (ulong)(0x4_0000 + (i * 3)), isDirectory: false);
            files.Add(File(away ? homeMount : rootMount, Entry($"program-{i}", away ? roots[1] : bin, super, inode), inode));
        }

        // Inodes that nothing maps are on the lists of their file systems too.
        for (int i = 0; i < 20; i++)
        {
            Inode(supers[i % 2], (ulong)(0x5_0000 + i), isDirectory: false);
        }

        foreach (ulong super in supers)
        {
            ulong[] inodes = [.. _kinds.Where(pair => pair.Value == "inode" && Word(pair.Key, "inode", "i_sb") == super).Select(pair => pair.Key)];
            Link([super + (ulong)_layout["super_block", "s_inodes"], .. inodes.Select(inode => inode + (ulong)_layout["inode", "i_sb_list"])]);
        }

        return [.. _kernel.Processes.Select((process, i) => Mm(process, i, files[i], functions, vdsoFunctions, (vvarMapping, vdsoMapping)))];
    }

    private ulong Mm(BuiltProcess process, int number, ulong file, ulong functions, ulong vdsoFunctions, (ulong Vvar, ulong Vdso) mappings)
    {
        ulong mm = Object("mm_struct");
        ulong stackStart = 0x7ffd_0000_0000 + ((ulong)number << 12);
        List<(ulong Start, ulong End, ulong Flags, ulong File, ulong Offset, ulong Functions, ulong Data)> ranges =
        [
            (0x40_0000, 0x40_3000, 0x75, file, 0, functions, 0),
            (0x60_0000, 0x60_3000, 0x73, file, 2, functions, 0),
            (0x100_0000, 0x102_1000, 0x73, 0, 0x1000, 0, 0),
            (stackStart - 0x2_0000, stackStart + 0x1000, 0x173, 0, (stackStart - 0x2_0000) >> 12, 0, 0),

            // Page frames that the kernel maps itself: VM_READ and VM_PFNMAP, VM_IO, VM_DONTEXPAND, VM_DONTDUMP, and no VM_MAYREAD.
            (0x7ffe_ffff_e000, 0x7fff_0000_0000, 0x404_4401, 0, 0, vdsoFunctions, mappings.Vvar),
            (0x7fff_0000_0000, 0x7fff_0000_2000, 0x75, 0, 0, vdsoFunctions, mappings.Vdso),
        ];
        for (int i = 0; i < number; i++)
        {
            ranges.Insert(3,
                (0x7f00_0000_0000 + ((ulong)i << 20), 0x7f00_0000_0000 + ((ulong)i << 20) + 0x5000, 0x73, 0, (0x7f00_0000_0000 + ((ulong)i << 20)) >> 12, 0,
                    0));
        }

        ranges.Sort();
        List<ulong> areas = [.. ranges.Select(_ => Object("vm_area_struct"))];
        for (int i = 0; i < areas.Count; i++)
        {
            Set(areas[i], "vm_area_struct", "vm_start", ranges[i].Start);
            Set(areas[i], "vm_area_struct", "vm_end", ranges[i].End);
            Set(areas[i], "vm_area_struct", "vm_next", i + 1 < areas.Count ? areas[i + 1] : 0);
            Set(areas[i], "vm_area_struct", "vm_prev", i > 0 ? areas[i - 1] : 0);
            Set(areas[i], "vm_area_struct", "vm_mm", mm);
            Set(areas[i], "vm_area_struct", "vm_flags", ranges[i].Flags);
            Set(areas[i], "vm_area_struct", "vm_ops", ranges[i].Functions);
            Set(areas[i], "vm_area_struct", "vm_pgoff", ranges[i].Offset);
            Set(areas[i], "vm_area_struct", "vm_file", ranges[i].File);
            Set(areas[i], "vm_area_struct", "vm_private_data", ranges[i].Data);
        }

        _areas.Add(areas);
        Set(mm, "mm_struct", "mmap", areas[0]);
        Set(mm, "mm_struct", "pgd", _kernel.Made.PageOffset + process.Root.Value);
        Set(mm, "mm_struct", "exe_file", file);
        Half(FieldOf(mm, "mm_struct", "mm_users"), 1U);
        Half(FieldOf(mm, "mm_struct", "mm_count"), 1U);
        Half(FieldOf(mm, "mm_struct", "map_count"), (uint)areas.Count);
        ulong[] limits =
            [0x40_0000, 0x40_2f00, 0x60_0010, 0x60_1234, 0x100_0000, 0x102_1000, stackStart + 0x800, stackStart + 0x900, stackStart + 0x920, stackStart + 0x920,
                stackStart + 0xff0];
        for (int i = 0; i < limits.Length; i++)
        {
            _memory.Write(FieldOf(mm, "mm_struct", "start_code") + (ulong)(i * sizeof(ulong)), limits[i]);
        }

        return mm;
    }

    private ulong Inode(ulong super, ulong number, bool isDirectory)
    {
        ulong inode = Object("inode");
        Half(FieldOf(inode, "inode", "i_mode"), isDirectory ? 0x41edU : 0x81edU);
        Set(inode, "inode", "i_sb", super);
        Set(inode, "inode", "i_mapping", inode + (ulong)_layout["inode", "i_data"]);
        Set(inode, "inode", "i_data", inode);
        Set(inode, "inode", "i_ino", number);
        return inode;
    }

    private ulong Entry(string name, ulong? parent, ulong super, ulong inode)
    {
        ulong entry = Object("dentry");
        byte[] text = Encoding.ASCII.GetBytes(name + '\0');
        _memory.Write(FieldOf(entry, "dentry", "d_iname"), text);
        Half(FieldOf(entry, "dentry", "d_name"), (uint)_noise.Next());
        Half(FieldOf(entry, "dentry", "d_name") + 4, (uint)name.Length);
        _memory.Write(FieldOf(entry, "dentry", "d_name") + 8, entry + (ulong)_layout["dentry", "d_iname"]);
        Set(entry, "dentry", "d_parent", parent ?? entry);
        Set(entry, "dentry", "d_inode", inode);
        Set(entry, "dentry", "d_op", 0);
        Set(entry, "dentry", "d_sb", super);

        // A root is in no chain; another is alone in its bucket.
        ulong bucket = parent is null ? 0 : Allocate(8, 8);
        Set(entry, "dentry", "d_hash", 0);
        _memory.Write(FieldOf(entry, "dentry", "d_hash") + 8, bucket);
        if (bucket != 0)
        {
            _memory.Write(Physical(bucket), entry + (ulong)_layout["dentry", "d_hash"]);
        }

        return entry;
    }

    private ulong File(ulong mount, ulong entry, ulong inode)
    {
        ulong file = Object("file");
        Set(file, "file", "f_path", mount + (ulong)_layout["mount", "mnt"]);
        _memory.Write(FieldOf(file, "file", "f_path") + 8, entry);
        Set(file, "file", "f_inode", inode);
        Set(file, "file", "f_mapping", inode + (ulong)_layout["inode", "i_data"]);
        return file;
    }

    private void Mount(ulong mount, ulong parent, ulong on, ulong root, ulong super)
    {
        Set(mount, "mount", "mnt_parent", parent);
        Set(mount, "mount", "mnt_mountpoint", on);
        Set(mount, "mount", "mnt", root);
        _memory.Write(FieldOf(mount, "mount", "mnt") + 8, super);
    }

    /// <summary>Links list_heads in a circle.</summary>
    private void Link(ulong[] heads)
    {
        for (int i = 0; i < heads.Length; i++)
        {
            _memory.Write(Physical(heads[i]), heads[(i + 1) % heads.Length]);
            _memory.Write(Physical(heads[i]) + 8, heads[(i + heads.Length - 1) % heads.Length]);
        }
    }

    // Objects of a kind lie side by side, as slabs have them, and hold noise that could be numbers and user addresses where nothing else is written.
    private ulong Object(string structure, ulong? at = null)
    {
        int bytes = _layout.BytesOf(structure);
        ulong address = at ?? Slab(structure, (ulong)bytes);
        byte[] noise = new byte[bytes];
        _noise.NextBytes(noise);
        for (int i = 7; i < bytes; i += 8)
        {
            noise[i] &= 0x3f;
        }

        _memory.Write(Physical(address), noise);
        _kinds[address] = structure;
        return address;
    }

    private ulong Slab(string structure, ulong bytes)
    {
        ulong next = _slabs.GetValueOrDefault(structure, Slabs + ((ulong)_slabs.Count * SlabBytes));
        _slabs[structure] = next + bytes;
        return _kernel.Made.PageOffset + next;
    }

    private ulong Allocate(ulong bytes, ulong alignment)
    {
        _next = (_next + alignment - 1) & ~(alignment - 1);
        _next += bytes;
        return _kernel.Made.PageOffset + _next - bytes;
    }

    private ulong Static(ulong bytes)
    {
        _nextStatic += bytes;
        return _nextStatic - bytes;
    }

    private void Set(ulong instance, string structure, string field, ulong value) => _memory.Write(FieldOf(instance, structure, field), value);

    private void Half(PhysicalAddress address, uint value) => _memory.Write(address, BitConverter.GetBytes(value));

    private ulong Word(ulong instance, string structure, string field) => _memory.ReadWord(FieldOf(instance, structure, field));

    private PhysicalAddress Physical(ulong address) =>
        address - _kernel.Made.PageOffset < _kernel.Made.Ram[^1].Last.Value ? new(address - _kernel.Made.PageOffset) : _kernel.Made.ToPhysical(new(address));
}
