using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>What is read of mm_struct and vm_area_struct, with the names that other releases have for it.</summary>
internal sealed class AreaFields
{
    public AreaFields(KernelTypes types)
    {
        StructType area = types.Struct("vm_area_struct");
        Start = area.Field("vm_start");
        End = area.Field("vm_end");
        Flags = area.Find("vm_flags");
        PageOffset = area.Find("vm_pgoff");
        File = area.Find("vm_file");
        Mm = area.Find("vm_mm");
        Operations = area.Find("vm_ops");
        PrivateData = area.Find("vm_private_data");

        // With CONFIG_ANON_VMA_NAME, since 5.17.
        AnonymousName = area.Find("anon_name");
        NameText = types.FindField("anon_vma_name", "name");
        SpecialName = types.FindField("vm_special_mapping", "name");
        OperationsName = types.FindField("vm_operations_struct", "name");

        // A list and a tree up to 6.0; a maple tree since 6.1 (763ecb035029).
        Next = area.Find("vm_next");
        TreeNode = area.Find("vm_rb");
        StructType mm = types.Struct("mm_struct");
        List = mm.Find("mmap");
        Tree = mm.Find("mm_rb");
        MapleTree = mm.Find("mm_mt");
        MapleRoot = types.FindField("maple_tree", "ma_root");
        HeapStart = mm.Find("start_brk");
        HeapEnd = mm.Find("brk");
        StackStart = mm.Find("start_stack");

        // Whether a process sees the page at the fixed address: ia32_compat before 5.14 (that is: not), flags since.
        ContextFlags = mm.Find("context.flags");
        ContextCompatible = mm.Find("context.ia32_compat");
    }

    public Field Start { get; }

    public Field End { get; }

    public Field? Flags { get; }

    public Field? PageOffset { get; }

    public Field? File { get; }

    public Field? Mm { get; }

    public Field? Operations { get; }

    public Field? PrivateData { get; }

    public Field? AnonymousName { get; }

    public Field? NameText { get; }

    public Field? SpecialName { get; }

    public Field? OperationsName { get; }

    public Field? Next { get; }

    public Field? TreeNode { get; }

    public Field? List { get; }

    public Field? Tree { get; }

    public Field? MapleTree { get; }

    public Field? MapleRoot { get; }

    public Field? HeapStart { get; }

    public Field? HeapEnd { get; }

    public Field? StackStart { get; }

    public Field? ContextFlags { get; }

    public Field? ContextCompatible { get; }
}
