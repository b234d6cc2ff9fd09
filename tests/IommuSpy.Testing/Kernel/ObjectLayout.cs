namespace IommuSpy.Testing.Kernel;

/// <summary>
/// Where a made-up build of a kernel of 3.16's time keeps the fields of its structures: in the order in which they are declared there, with gaps of any size
/// between them, as other options make them. What is one group there (pid and tgid, a list_head, the limits of code and stack) stays together.
/// </summary>
public sealed class ObjectLayout
{
    private static readonly (string Structure, int Gap, (string[] Fields, int Bytes)[] Groups)[] Declared =
    [
        ("task_struct", 24, [
            (["state", "stack"], 8), (["usage", "flags", "ptrace"], 4), (["tasks"], 16), (["mm", "active_mm"], 8), (["pid", "tgid"], 4),
            (["real_parent", "parent"], 8), (["children"], 16), (["sibling"], 16),
            (["group_leader"], 8), (["thread_group"], 16), (["thread_node"], 16), (["real_cred", "cred"], 8), (["comm"], 16), (["signal"], 8)]),
        ("signal_struct", 6, [(["thread_head"], 16)]),
        ("mm_struct", 12, [
            (["mmap"], 8), (["pgd"], 8), (["mm_users", "mm_count"], 4), (["map_count"], 4),
            (["start_code", "end_code", "start_data", "end_data", "start_brk", "brk", "start_stack", "arg_start", "arg_end", "env_start", "env_end"], 8),
            (["exe_file"], 8)]),
        ("vm_area_struct", 3, [
            (["vm_start", "vm_end"], 8), (["vm_next", "vm_prev"], 8), (["vm_mm"], 8), (["vm_flags"], 8), (["vm_ops"], 8), (["vm_pgoff"], 8), (["vm_file"], 8),
            (["vm_private_data"], 8)]),
        ("file", 4, [(["f_path"], 16), (["f_inode"], 8), (["f_mapping"], 8)]),
        ("dentry", 2, [(["d_hash"], 16), (["d_parent"], 8), (["d_name"], 16), (["d_inode"], 8), (["d_iname"], 32), (["d_op"], 8), (["d_sb"], 8)]),
        ("inode", 6, [(["i_mode"], 4), (["i_sb"], 8), (["i_mapping"], 8), (["i_ino"], 8), (["i_sb_list"], 16), (["i_data"], 64)]),
        ("super_block", 12, [(["s_list"], 16), (["s_dev"], 4), (["s_root"], 8), (["s_inodes"], 16)]),
        ("mount", 2, [(["mnt_parent", "mnt_mountpoint"], 8), (["mnt"], 24)]),
    ];

    private readonly Dictionary<(string, string), int> _offsets = [];
    private readonly Dictionary<string, int> _bytes = [];

    /// <summary>A layout; the same one for the same seed.</summary>
    public ObjectLayout(int seed)
    {
        Random random = new(seed);
        foreach ((string structure, int gap, (string[] Fields, int Bytes)[] groups) in Declared)
        {
            int at = 0;
            foreach ((string[] fields, int bytes) in groups)
            {
                int alignment = Math.Min(bytes, sizeof(ulong));
                at += random.Next(gap + 1) * alignment;
                at = (at + sizeof(ulong) - 1) / sizeof(ulong) * sizeof(ulong);
                foreach (string field in fields)
                {
                    _offsets[(structure, field)] = at;
                    at += bytes;
                }
            }

            _bytes[structure] = (at + (random.Next(gap + 1) * sizeof(ulong)) + 63) / 64 * 64;
        }
    }

    /// <summary>Every structure and field, with its offset in bytes.</summary>
    public IEnumerable<(string Structure, string Field, int Offset)> Fields => _offsets.Select(pair => (pair.Key.Item1, pair.Key.Item2, pair.Value));

    /// <summary>Bytes from a structure's start to a field.</summary>
    public int this[string structure, string field] => _offsets[(structure, field)];

    /// <summary>sizeof a structure, a multiple of 64.</summary>
    public int BytesOf(string structure) => _bytes[structure];
}
