using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>vm_area_struct.vm_flags and vm_pgoff, and what mm_struct says of code, data, heap, stack, arguments and environment.</summary>
internal static class AreaPropertyStep
{
    private const ulong Read = 1; // VM_READ
    private const ulong Write = 2; // VM_WRITE
    private const ulong Execute = 4; // VM_EXEC
    private const ulong Rights = Read | Write | Execute;
    private const int MayShift = 4; // VM_MAYREAD and its kin

    // No release has flags above this bit.
    private const int FlagBits = 48;

    // mremap moves an area and leaves its offset; one in so many may have been moved.
    private const int Moved = 4;
    private static readonly string[] Limits =
    [
        "start_code", "end_code", "start_data", "end_data", "start_brk", "brk", "start_stack", "arg_start", "arg_end", "env_start", "env_end",
    ];

    public static void Run(InferenceState state)
    {
        if (state.Areas.Count == 0)
        {
            return;
        }

        Flags(state);
        Layout(state);
    }

    private static void Flags(InferenceState state)
    {
        List<ulong> all = [.. state.Areas.Values.SelectMany(areas => areas)];
        Dictionary<ulong, ulong> leaves = Leaves(state, out int seen);
        List<int> offsets = FieldSearch.Words(state.Memory, all, state.AreaBytes, (area, value, _) =>
            value >> FlagBits == 0 && ((value & Rights) << MayShift & ~value) == 0
            && (!leaves.TryGetValue(area, out ulong granted)
                || ((granted & ~value) == 0 && (value & Rights) != 0 && (value & Execute) == (granted & Execute))));
        if (offsets.Count == 1 && seen > 0)
        {
            state.Book.Add("vm_area_struct", "vm_flags", offsets[0], LayoutBook.UnsignedLong, all.Count,
                $"no right without the right to have it, and in {seen} areas with present pages no page that grants more, and each executable as the area is");
        }
        else
        {
            state.Book.Refuse("vm_area_struct", "vm_flags", $"{offsets.Count} offsets agree with the rights of the pages");
        }
    }

    // What present pages of an area grant: write if one may be written, execute if one may be executed. The leaf's own rights: under page-table isolation the
    // kernel's half forbids execution at the top (arch/x86/mm/pti.c).
    private static Dictionary<ulong, ulong> Leaves(InferenceState state, out int seen)
    {
        Dictionary<ulong, ulong> granted = [];
        foreach (AreaLeaf leaf in AreaLeaves.Of(state))
        {
            AccessRights own = state.Kernel.Mode.Format.OwnRights(leaf.Entry);
            ulong rights = (own.HasFlag(AccessRights.Write) ? Write : 0) | (own.HasFlag(AccessRights.Execute) ? Execute : 0);
            granted[leaf.Area] = granted.GetValueOrDefault(leaf.Area) | rights;
        }

        seen = granted.Count;
        return granted;
    }

    // Eleven words in a row, declared so since long before 3.16.
    private static void Layout(InferenceState state)
    {
        List<int> offsets = FieldSearch.Words(state.Memory, [.. state.Maps.Keys], state.MapBytes - (Limits.Length * sizeof(ulong)), (map, value, offset) =>
            value != 0 && (long)value > 0 && IsLayout(state, map, offset));
        if (offsets.Count != 1)
        {
            state.Book.Refuse("mm_struct", "start_stack",
                $"{offsets.Count} runs of eleven words could be the limits of code, data, heap, stack, arguments and environment");
            return;
        }

        for (int i = 0; i < Limits.Length; i++)
        {
            state.Book.Add("mm_struct", Limits[i], offsets[0] + (i * sizeof(ulong)), LayoutBook.UnsignedLong, state.Maps.Count,
                "the only run of eleven ascending pairs whose stack, arguments and environment lie in order in one area and whose code begins in another",
                InferenceConfidence.DeclarationOrder);
        }
    }

    private static bool IsLayout(InferenceState state, ulong map, int offset)
    {
        Span<ulong> words = stackalloc ulong[Limits.Length];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = state.Read(map, offset + (i * sizeof(ulong)));
            if ((long)words[i] <= 0)
            {
                return false;
            }
        }

        return words[0] < words[1] && words[2] <= words[3] && words[4] <= words[5]
            && words[6] <= words[7] && words[7] <= words[8] && words[8] <= words[9] && words[9] <= words[10]
            && AreaOf(state, map, words[6]) is ulong stack && stack != 0 && AreaOf(state, map, words[10] - 1) == stack
            && AreaOf(state, map, words[0]) is ulong code && code != 0 && code != stack;
    }

    /// <summary>The area of an mm that an address lies in; 0 where none is.</summary>
    public static ulong AreaOf(InferenceState state, ulong map, ulong address)
    {
        int start = state.Book.OffsetOf("vm_area_struct", "vm_start")!.Value;
        int end = state.Book.OffsetOf("vm_area_struct", "vm_end")!.Value;
        return state.Areas[map].Find(area => address >= state.Read(area, start) && address < state.Read(area, end));
    }

    /// <summary>vm_pgoff, once files are known: private areas without a file count from address 0.</summary>
    public static void Offset(InferenceState state, int file, int operations)
    {
        int start = state.Book.OffsetOf("vm_area_struct", "vm_start")!.Value;
        List<ulong> all = [.. state.Areas.Values.SelectMany(areas => areas)];
        List<ulong> anonymous = [.. all.Where(area => state.Read(area, file) == 0 && state.Read(area, operations) == 0)];
        List<int> small = FieldSearch.Words(state.Memory, all, state.AreaBytes, (_, value, _) => value >> (64 - PageFrame.Shift) == 0);
        int[] offsets =
            [.. small.Where(offset =>
                anonymous.Count(area => state.Read(area, offset) == state.Read(area, start) >> PageFrame.Shift) * Moved > anonymous.Count * (Moved - 1))];
        if (offsets.Length == 1)
        {
            state.Book.Add("vm_area_struct", "vm_pgoff", offsets[0], LayoutBook.UnsignedLong, all.Count,
                "in areas without a file, the page number of the start in all but those that were moved; an offset below 2^52 pages in the others");
        }
        else
        {
            state.Book.Refuse("vm_area_struct", "vm_pgoff", $"{offsets.Length} offsets hold the page number of the start of areas without a file");
        }
    }
}
