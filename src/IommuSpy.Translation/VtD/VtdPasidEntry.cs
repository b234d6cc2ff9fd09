using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.VtD;

/// <summary>VT-d's scalable-mode PASID table entries of 64 bytes (VT-d specification, 9.6).</summary>
public static class VtdPasidEntry
{
    /// <summary>P: the entry is used. PASID directory entries have it too.</summary>
    public const ulong Present = 1UL << 0;

    /// <summary>Bytes of an entry.</summary>
    public const int Bytes = 64;

    private const ulong AddressMask = 0x000f_ffff_ffff_f000;

    // First quadword.
    private const int WidthShift = 2;
    private const ulong WidthMask = 7;
    private const int TypeShift = 6;
    private const ulong TypeMask = 7;
    private const ulong LowReserved = 0xc00;

    // Second quadword: the domain.
    private const ulong DomainMask = 0xffff;

    // Third: FLPM in bits 2-3.
    private const int FirstDepthShift = 2;
    private const ulong FirstDepthMask = 3;

    private const int FirstStage = 1;
    private const int SecondStage = 2;
    private const int NestedStages = 3;
    private const int PassThrough = 4;

    /// <summary>Reads an entry.</summary>
    internal static DeviceContext Read(PhysicalMemory memory, RequesterId requester, int? pasid, PhysicalAddress address, ulong[] entry, bool deviceTlb)
    {
        int domain = (int)(entry[1] & DomainMask);
        DeviceContext Refused(DmaMode mode, string problem) => new(requester, pasid, mode, domain, null, AccessRights.None, address, entry, deviceTlb, problem);
        DeviceContext Translated(IoAddressSpace space) =>
            new(requester, pasid, DmaMode.Translated, domain, space, AccessRights.Read | AccessRights.Write, address, entry, deviceTlb, null);

        if ((entry[0] & Present) == 0)
        {
            return Refused(DmaMode.Blocked, "its PASID table entry is not present");
        }

        if ((entry[0] & LowReserved) != 0)
        {
            return Refused(DmaMode.Invalid, $"reserved bits 0x{entry[0] & LowReserved:x} are set in its PASID table entry");
        }

        int type = (int)((entry[0] >> TypeShift) & TypeMask);
        int secondLevels = (int)((entry[0] >> WidthShift) & WidthMask) + 2;
        int firstDepth = (int)((entry[2] >> FirstDepthShift) & FirstDepthMask);
        PhysicalAddress secondRoot = new(entry[0] & AddressMask);
        PhysicalAddress firstRoot = new(entry[2] & AddressMask);
        if (type is SecondStage or NestedStages && secondLevels is < 3 or > 5)
        {
            return Refused(DmaMode.Invalid, $"its PASID table entry asks for second-stage tables of {secondLevels} levels");
        }

        if (type is FirstStage or NestedStages && firstDepth > 1)
        {
            return Refused(DmaMode.Invalid, $"first-stage paging mode {firstDepth} of its PASID table entry is reserved");
        }

        int firstLevels = firstDepth + 4;
        return type switch
        {
            FirstStage => Translated(new(memory, IoTableFormat.VtdFirstStage, firstRoot, firstLevels)),
            SecondStage => Translated(new(memory, IoTableFormat.VtdSecondStage, secondRoot, secondLevels)),
            NestedStages => Translated(IoAddressSpace.Nested(new(memory, IoTableFormat.VtdSecondStage, secondRoot, secondLevels), firstRoot, firstLevels)),
            PassThrough => new(requester, pasid, DmaMode.PassThrough, domain, null, AccessRights.Read | AccessRights.Write, address, entry, deviceTlb, null),
            _ => Refused(DmaMode.Invalid, $"translation type {type} of its PASID table entry is reserved"),
        };
    }
}
