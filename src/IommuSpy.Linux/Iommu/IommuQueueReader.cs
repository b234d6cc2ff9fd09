using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Iommu;

/// <summary>
/// Where the queues of IOMMUs lie, by their drivers' objects: VT-d's (drivers/iommu/intel/dmar.c, struct q_inval; svm.c or prq.c), AMD-Vi's
/// (drivers/iommu/amd/init.c), SMMUv3's (drivers/iommu/arm/arm-smmu-v3, struct arm_smmu_queue).
/// </summary>
internal sealed class IommuQueueReader(KernelObjects objects)
{
    // 256 descriptors (QI_LENGTH) of 16 bytes, or of 32 where the unit has scalable mode, whether the kernel uses that or not (ECAP.SMTS, qi_shift).
    private const ulong ShortInvalidations = 256 * 16;
    private const ulong LongInvalidations = 256 * 32;
    private const ulong ScalableMode = 1UL << 43;

    // drivers/iommu/amd/amd_iommu_types.h: CMD_BUFFER_SIZE, EVT_BUFFER_SIZE, PPR_LOG_SIZE, GA_LOG_SIZE. Newer kernels may have longer logs: what is beyond
    // is not claimed.
    private const ulong AmdCommands = 8192;
    private const ulong AmdEvents = 8192;
    private const ulong AmdPageRequests = 8192;
    private const ulong AmdGuestInterrupts = 4096;

    private const ulong MostBytes = 8 << 20;

    /// <summary>Those of a VT-d unit.</summary>
    /// <param name="iommu">Its struct intel_iommu.</param>
    /// <param name="extended">Its extended capabilities.</param>
    public IReadOnlyList<IommuQueue> Vtd(VirtualAddress iommu, ulong? extended)
    {
        List<IommuQueue> queues = [];
        if (objects.Pointer(iommu, objects.Types.FindField("intel_iommu", "qi")) is VirtualAddress invalidation)
        {
            Add(queues, "invalidation queue", objects.Pointer(invalidation, objects.Types.FindField("q_inval", "desc")),
                (extended & ScalableMode) is not (null or 0) ? LongInvalidations : ShortInvalidations);
        }

        // How long it is was 4 KiB and is 64 KiB (PRQ_ORDER), which only a register tells: the first page is sure to be its.
        Add(queues, "page request queue", objects.Pointer(iommu, objects.Types.FindField("intel_iommu", "prq")), PageFrame.Size);
        return queues;
    }

    /// <summary>Those of an AMD-Vi unit.</summary>
    /// <param name="iommu">Its struct amd_iommu.</param>
    public IReadOnlyList<IommuQueue> AmdVi(VirtualAddress iommu)
    {
        List<IommuQueue> queues = [];
        foreach ((string name, string field, ulong bytes) in new[]
        {
            ("command buffer", "cmd_buf", AmdCommands), ("event log", "evt_buf", AmdEvents),
            ("peripheral page request log", "ppr_log", AmdPageRequests), ("guest virtual APIC log", "ga_log", AmdGuestInterrupts),
        })
        {
            Add(queues, name, objects.Pointer(iommu, objects.Types.FindField("amd_iommu", field)), bytes);
        }

        return queues;
    }

    /// <summary>Those of an SMMUv3.</summary>
    /// <param name="unit">Its struct arm_smmu_device.</param>
    /// <param name="type">The type of that, which another driver's has the name of too.</param>
    public IReadOnlyList<IommuQueue> Smmu(VirtualAddress unit, StructType type)
    {
        const int MostShift = 20;
        List<IommuQueue> queues = [];
        foreach ((string name, string queue) in new[] { ("command queue", "cmdq.q"), ("event queue", "evtq.q"), ("page request queue", "priq.q") })
        {
            if (objects.Read(unit, type.Find($"{queue}.llq.max_n_shift")) is (ulong shift and <= MostShift)
                && objects.Read(unit, type.Find($"{queue}.ent_dwords")) is (ulong words and > 0 and <= 8))
            {
                Add(queues, name, objects.Pointer(unit, type.Find($"{queue}.base")), (words * sizeof(ulong)) << (int)shift);
            }
        }

        return queues;
    }

    private void Add(List<IommuQueue> queues, string name, VirtualAddress? start, ulong bytes)
    {
        if (start is not VirtualAddress first)
        {
            return;
        }

        List<PageFrame> frames = [];
        for (ulong at = 0; at < Math.Min(bytes, MostBytes); at += PageFrame.Size)
        {
            if (objects.Kernel.Space.TryTranslate(first + at, out PhysicalAddress physical))
            {
                frames.Add(physical.Frame);
            }
        }

        if (frames.Count > 0)
        {
            queues.Add(new(name, frames));
        }
    }
}
