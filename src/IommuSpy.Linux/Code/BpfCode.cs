using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>Code that the kernel has made of a BPF program, or made to lead to such programs (include/linux/bpf.h, struct bpf_ksym).</summary>
/// <param name="Name">What the kernel calls it: "bpf_prog_6deef7357e7b4530".</param>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">Bytes.</param>
internal sealed record BpfCode(string Name, VirtualAddress Start, ulong Length)
{
    private const int Most = 1 << 17;

    /// <summary>All that the kernel lists: bpf_kallsyms (kernel/bpf/core.c); empty where it has no such list, before 5.7.</summary>
    /// <param name="objects">The kernel's structures.</param>
    /// <param name="damage">Gets a line where the list cannot be followed.</param>
    public static IReadOnlyList<BpfCode> Read(KernelObjects objects, ICollection<string> damage)
    {
        if (objects.Variable("bpf_kallsyms") is not VirtualAddress head || objects.Types.FindStruct("bpf_ksym") is not StructType type
            || type.Find("lnode") is not Field link || type.Find("start") is not Field start || type.Find("end") is not Field end)
        {
            return [];
        }

        KernelList list = KernelList.Read(objects, head, link.Offset, Most);
        if (list.Damage is string line)
        {
            damage.Add($"the list of BPF programs' code: {line}");
        }

        List<BpfCode> code = [];
        foreach (VirtualAddress one in list.Elements)
        {
            if (objects.Pointer(one, start) is VirtualAddress first && objects.Pointer(one, end) is VirtualAddress stop && stop.Value > first.Value)
            {
                code.Add(new(objects.Text(one, type.Find("name")) ?? "", first, stop - first));
            }
        }

        return code;
    }
}
