using IommuSpy.Translation;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>vm_area_struct.vm_flags: what present pages grant, the area allows.</summary>
internal sealed class AreaRightStep : InferenceStep<ProcessAreas, AreaRights>
{
    private const ulong Read = 1; // VM_READ
    private const ulong Write = 2; // VM_WRITE
    private const ulong Execute = 4; // VM_EXEC
    private const ulong Rights = Read | Write | Execute;
    private const int MayShift = 4; // VM_MAYREAD and its kin

    // VM_PFNMAP, VM_IO, VM_MIXEDMAP: the kernel or a driver maps page frames itself, with rights of its own choice. 3.16 gives [vvar] VM_READ without
    // VM_MAYREAD.
    private const ulong Special = 0x400 | 0x4000 | 0x1000_0000;

    // Of so many areas at least one is not special, or what makes them so is no flag.
    private const int SpecialShare = 2;

    // No release has flags above this bit.
    private const int FlagBits = 48;

    /// <inheritdoc/>
    public override string Subject => "what areas allow";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["vm_area_struct.vm_flags"];

    /// <inheritdoc/>
    public override Part<AreaRights> Infer(InferenceContext context, ProcessAreas areas)
    {
        List<ulong> all = areas.All;
        Dictionary<ulong, ulong> leaves = Leaves(context, areas, out int seen);
        List<int> offsets = FieldSearch.Words(context.Memory, all, areas.Bytes, (area, value, _) =>
            value >> FlagBits == 0 && (IsAllowed(value) || (value & Special) != 0)
            && (!leaves.TryGetValue(area, out ulong granted)
                || ((granted & ~value) == 0 && (value & Rights) != 0 && (value & Execute) == (granted & Execute))));
        offsets.RemoveAll(offset => all.Count(area => !IsAllowed(context.Read(area, offset))) * SpecialShare > all.Count);
        if (offsets.Count == 1 && seen > 0)
        {
            context.Book.Add("vm_area_struct", "vm_flags", offsets[0], LayoutBook.UnsignedLong, all.Count,
                "no right without the right to have it where the kernel does not map page frames itself, and in "
                    + $"{seen} areas with present pages no page that grants more, and each executable as the area is");
            return new AreaRights(offsets[0]);
        }

        return Part.Absent($"{offsets.Count} offsets agree with the rights of the pages");
    }

    private static bool IsAllowed(ulong flags) => ((flags & Rights) << MayShift & ~flags) == 0;

    // What present pages of an area grant: write if one may be written, execute if one may be executed. The leaf's own rights: under page-table isolation the
    // kernel's half forbids execution at the top (arch/x86/mm/pti.c).
    private static Dictionary<ulong, ulong> Leaves(InferenceContext context, ProcessAreas areas, out int seen)
    {
        Dictionary<ulong, ulong> granted = [];
        foreach (AreaLeaf leaf in AreaLeaves.Of(context, areas))
        {
            AccessRights own = context.Kernel.Mode.Format.OwnRights(leaf.Entry, leaf.Level);
            ulong rights = (own.HasFlag(AccessRights.Write) ? Write : 0) | (own.HasFlag(AccessRights.Execute) ? Execute : 0);
            granted[leaf.Area] = granted.GetValueOrDefault(leaf.Area) | rights;
        }

        seen = granted.Count;
        return granted;
    }
}
