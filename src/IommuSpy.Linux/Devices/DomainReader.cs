using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Devices;

/// <summary>Reads struct iommu_domain and tells how what is unmapped in it is invalidated.</summary>
internal sealed class DomainReader
{
    // include/linux/iommu.h, __IOMMU_DOMAIN_*: macros, which no description of types carries. The first three since 4.0, the fourth since 5.15.
    internal const uint Paging = 1 << 0;
    internal const uint DmaApi = 1 << 1;
    internal const uint PassThrough = 1 << 2;
    internal const uint FlushQueue = 1 << 3;
    private const uint Shared = 1 << 4;
    private const uint NestedTables = 1 << 6;

    private readonly KernelObjects _objects;
    private readonly Field? _type;
    private readonly Field? _operations;
    private readonly Field? _cookie;
    private readonly Field? _cookieQueue;
    private readonly Field? _inIntelDomain;
    private readonly Field? _intelQueue;
    private readonly VirtualAddress? _intelOperations;

    public DomainReader(KernelObjects objects)
    {
        KernelTypes types = objects.Types;
        _objects = objects;
        _type = types.FindField("iommu_domain", "type");
        _operations = types.FindField("iommu_domain", "ops");
        _cookie = types.FindField("iommu_domain", "iova_cookie");
        _cookieQueue = types.FindField("iommu_dma_cookie", "fq_domain");

        // Until 5.10 VT-d's driver mapped buffers itself, with a queue in its own domain.
        _inIntelDomain = types.FindField("dmar_domain", "domain");
        _intelQueue = types.FindField("dmar_domain", "iovad.fq");
        _intelOperations = objects.Variable("intel_iommu_ops");
    }

    public IommuDomain? Read(VirtualAddress at)
    {
        if (_objects.Read(at, _type) is not (ulong value and <= uint.MaxValue))
        {
            return null;
        }

        uint type = (uint)value;
        DomainKind kind = KindOf(type);
        return new(at, kind, type, kind == DomainKind.Dma ? IsStrict(at, type) : null);
    }

    private static DomainKind KindOf(uint type) => type switch
    {
        0 => DomainKind.Blocked,
        PassThrough => DomainKind.Identity,
        Paging => DomainKind.Unmanaged,
        _ when (type & ~FlushQueue) == (Paging | DmaApi) => DomainKind.Dma,
        _ when (type & Shared) != 0 => DomainKind.SharedVirtual,
        _ when (type & NestedTables) != 0 => DomainKind.Nested,
        _ => DomainKind.Other,
    };

    private bool? IsStrict(VirtualAddress at, uint type)
    {
        if ((type & FlushQueue) != 0)
        {
            return false;
        }

        if (_objects.Pointer(at, _cookie) is VirtualAddress cookie && _objects.Read(cookie, _cookieQueue) is ulong queue)
        {
            return queue == 0;
        }

        return _intelQueue is not null && _inIntelDomain is not null && _intelOperations is VirtualAddress intel && _objects.Pointer(at, _operations) == intel
            && _objects.Read(new(at.Value - _inIntelDomain.Offset), _intelQueue) is ulong own ? own == 0 : null;
    }
}
