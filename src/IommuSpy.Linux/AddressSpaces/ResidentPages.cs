using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>
/// How many pages of an address space are in memory, by the kernel's own counters: file, anonymous and shared memory together, huge pages of hugetlbfs not
/// (include/linux/mm.h, get_mm_rss). Reads one kernel's counters; safe to share between threads.
/// </summary>
public sealed class ResidentPages
{
    // Indexes of the counters (include/linux/mm_types_task.h): MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, and since 4.5 MM_SHMEMPAGES.
    private const int FilePages = 0;
    private const int AnonymousPages = 1;
    private const int SwapEntries = 2;
    private const int SharedPages = 3;

    private readonly KernelObjects _objects;
    private readonly Field? _counters;
    private readonly int _count;
    private readonly ulong _stride;
    private readonly Field? _perCpuCount;
    private readonly Field? _perCpuParts;
    private readonly Lazy<PerCpu> _perCpu;

    /// <summary>Finds where a kernel's counters are.</summary>
    public ResidentPages(KernelObjects objects)
    {
        _objects = objects;
        _perCpu = new(() => PerCpu.Of(objects));

        // An array of numbers in a structure up to 6.1; since 6.2 an array of percpu_counter (f1a7941243c1).
        _counters = objects.Types.FindField("mm_struct", "rss_stat.count", "rss_stat");
        if (_counters?.Type.Resolved is ArrayType { Count: > AnonymousPages } array)
        {
            _count = (int)Math.Min(array.Count, SharedPages + 1);
            _stride = array.Element.Bytes;
            if (array.Element.Resolved is StructType { Name: "percpu_counter" } counter)
            {
                _perCpuCount = counter.Find("count");
                _perCpuParts = counter.Find("counters");
            }
        }
    }

    /// <summary>The resident pages of an address space.</summary>
    /// <param name="mm">Its mm_struct.</param>
    /// <returns>Null where this description of types has no counters, or they cannot be read.</returns>
    public ulong? Of(VirtualAddress mm) =>
        Counter(mm, FilePages) is ulong file && Counter(mm, AnonymousPages) is ulong anonymous ? file + anonymous + (Counter(mm, SharedPages) ?? 0) : null;

    /// <summary>The pages of an address space that are on swap devices.</summary>
    /// <inheritdoc cref="Of"/>
    public ulong? SwappedOf(VirtualAddress mm) => Counter(mm, SwapEntries);

    // A counter below zero stands for zero: updates of one may be seen before those of another.
    private ulong? Counter(VirtualAddress mm, int index)
    {
        if (_counters is null || index >= _count)
        {
            return null;
        }

        VirtualAddress counter = mm + _counters.Offset + ((ulong)index * _stride);
        long? value = _perCpuCount is null ? (long?)_objects.Word(counter) : Sum(counter);
        return value is long sum ? (ulong)Math.Max(sum, 0) : null;
    }

    // The shared part and what each CPU has yet to add to it (lib/percpu_counter.c, __percpu_counter_sum).
    private long? Sum(VirtualAddress counter)
    {
        if ((long?)_objects.Read(counter, _perCpuCount) is not long sum || _objects.Pointer(counter, _perCpuParts) is not VirtualAddress parts)
        {
            return null;
        }

        for (int cpu = 0; cpu < _perCpu.Value.Offsets.Count; cpu++)
        {
            // A CPU that may come and is not there may have no memory yet.
            sum += _objects.Number(_perCpu.Value.Address(cpu, parts), sizeof(int)) is ulong part ? (int)(uint)part : 0;
        }

        return sum;
    }
}
