using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Devices;

/// <summary>Reads struct iommu_group, which is private to drivers/iommu/iommu.c. What a group lacks in this kernel is null.</summary>
internal sealed class GroupReader
{
    // 256 functions on each of 256 buses: a group that has more has none.
    private const int MaxMembers = 1 << 16;

    private readonly KernelObjects _objects;
    private readonly DomainReader _domains;
    private readonly Field? _id;
    private readonly Field? _domain;
    private readonly Field? _defaultDomain;
    private readonly Field? _members;
    private readonly Field? _memberList;
    private readonly Field? _memberDevice;

    public GroupReader(KernelObjects objects)
    {
        KernelTypes types = objects.Types;
        _objects = objects;
        _domains = new(objects);
        _id = types.FindField("iommu_group", "id");
        _domain = types.FindField("iommu_group", "domain");
        _defaultDomain = types.FindField("iommu_group", "default_domain");
        _members = types.FindField("iommu_group", "devices");

        // struct group_device; struct iommu_device before 4.11.
        StructType? member = types.FindStruct("group_device") ?? types.FindStruct("iommu_device");
        _memberDevice = member?.Find("dev");
        _memberList = _memberDevice is null ? null : member?.Find("list");
    }

    public IommuGroup? Read(VirtualAddress at)
    {
        if (_objects.Read(at, _id) is not ulong id)
        {
            return null;
        }

        List<VirtualAddress> devices = [];
        string? damage = null;
        if (_members is not null && _memberList is not null)
        {
            KernelList list = KernelList.Read(_objects, at + _members.Offset, _memberList.Offset, MaxMembers);
            devices.AddRange(list.Elements.Select(element => _objects.Pointer(element, _memberDevice)).OfType<VirtualAddress>());
            damage = list.Damage is string problem ? $"members of IOMMU group {id}: {problem}" : null;
        }

        return new((uint)id, at, Domain(at, _domain), Domain(at, _defaultDomain), devices, damage);
    }

    private IommuDomain? Domain(VirtualAddress group, Field? field) => _objects.Pointer(group, field) is VirtualAddress domain ? _domains.Read(domain) : null;
}
