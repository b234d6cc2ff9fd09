using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>A probe that somebody has set on an instruction of the kernel (include/linux/kprobes.h, struct kprobe).</summary>
/// <param name="Object">Its struct kprobe.</param>
/// <param name="Address">The instruction.</param>
/// <param name="Handler">
/// What is called: before the instruction, or else behind it, or behind the function where the probe is on its return; null where nothing is.
/// </param>
internal sealed record KernelProbe(VirtualAddress Object, VirtualAddress Address, VirtualAddress? Handler)
{
    private const int Buckets = 64;

    /// <summary>All that are in the kernel's table: kprobe_table, lists by a hash of the address (kernel/kprobes.c).</summary>
    /// <param name="objects">The kernel's structures.</param>
    /// <param name="damage">Gets a line for each list that cannot be followed.</param>
    public static IReadOnlyList<KernelProbe> Read(KernelObjects objects, ICollection<string> damage)
    {
        if (objects.Variable("kprobe_table") is not VirtualAddress table || objects.Types.FindField("kprobe", "hlist") is not Field link
            || objects.Types.FindField("kprobe", "addr") is not Field address)
        {
            return [];
        }

        Field? handler = objects.Types.FindField("kprobe", "pre_handler");
        Field? after = objects.Types.FindField("kprobe", "post_handler");
        Field? siblings = objects.Types.FindField("kprobe", "list");
        Field? returns = objects.Types.FindField("kretprobe", "handler");
        VirtualAddress? several = objects.Variable("aggr_pre_handler");
        VirtualAddress? onReturn = objects.Variable("pre_handler_kretprobe");
        List<KernelProbe> probes = [];
        for (int bucket = 0; bucket < Buckets; bucket++)
        {
            HashList its = HashList.Read(objects, table + ((ulong)bucket * sizeof(ulong)), link.Offset);
            Add(its.Damage);
            foreach (VirtualAddress probe in its.Elements)
            {
                // Several on one instruction are a list below one that stands for them.
                if (several is not null && objects.Pointer(probe, handler) == several && siblings is not null)
                {
                    KernelList under = KernelList.Read(objects, probe + siblings.Offset, siblings.Offset);
                    Add(under.Damage);
                    probes.AddRange(under.Elements.Select(Of).OfType<KernelProbe>());
                }
                else if (Of(probe) is KernelProbe one)
                {
                    probes.Add(one);
                }
            }
        }

        return probes;

        void Add(string? line)
        {
            if (line is not null)
            {
                damage.Add($"the kernel's table of probes: {line}");
            }
        }

        // A struct kretprobe begins with its probe.
        KernelProbe? Of(VirtualAddress probe) => objects.Pointer(probe, address) is not VirtualAddress at ? null
            : objects.Pointer(probe, handler) is VirtualAddress before && before != onReturn ? new(probe, at, before)
            : new(probe, at, objects.Pointer(probe, onReturn is not null && objects.Pointer(probe, handler) == onReturn ? returns : after));
    }
}
