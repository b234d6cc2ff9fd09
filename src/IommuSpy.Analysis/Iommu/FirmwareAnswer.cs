using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Iommu;

/// <summary>Firmware's table of IOMMUs, for showing.</summary>
/// <param name="Table">"DMAR" or "IVRS".</param>
/// <param name="Physical">Where it stands.</param>
/// <param name="AddressBits">Bits of a physical address that devices can use.</param>
/// <param name="InterruptRemapping">Whether it says that interrupts can be remapped; null where it does not say (IVRS).</param>
/// <param name="DmaControlOptIn">Whether it asks that devices be kept from memory from the start.</param>
/// <param name="Units">Its units.</param>
/// <param name="Memory">Ranges that it keeps open to devices (RMRR, IVMD).</param>
public sealed record FirmwareAnswer(
    string Table, PhysicalAddress? Physical, int AddressBits, bool? InterruptRemapping, bool DmaControlOptIn, IReadOnlyList<FirmwareUnitAnswer> Units,
    IReadOnlyList<FirmwareMemoryAnswer> Memory)
{
    /// <summary>The answer of a report.</summary>
    internal static FirmwareAnswer? Of(IommuReport report)
    {
        if (report.Dmar is DmarTable dmar)
        {
            return new(
                "DMAR", dmar.Address, dmar.AddressBits, dmar.InterruptRemapping, dmar.DmaControlOptIn,
                [.. dmar.Units.Select(unit => new FirmwareUnitAnswer(unit.Registers, unit.Segment, unit.IncludesAll, Scopes(unit.Scopes)))],
                Ranges(dmar.ReservedMemory));
        }

        return report.Ivrs is IvrsTable ivrs
            ? new(
                "IVRS", ivrs.Address, ivrs.AddressBits, null, ivrs.DmaControlOptIn,
                [.. ivrs.Units.Select(unit =>
                    new FirmwareUnitAnswer(unit.Registers, unit.Segment, unit.Scopes.Any(scope => scope.Kind == FirmwareScopeKind.All), Scopes(unit.Scopes)))],
                Ranges(ivrs.Memory))
            : null;
    }

    private static IReadOnlyList<FirmwareMemoryAnswer> Ranges(IReadOnlyList<FirmwareMemory> memory) =>
        [.. memory.Select(range =>
            new FirmwareMemoryAnswer(range.First, range.Last + 1, (range.Readable ? "r" : "-") + (range.Writable ? "w" : "-"), range.IsExclusion,
                Scopes(range.Scopes)))];

    private static IReadOnlyList<string> Scopes(IReadOnlyList<FirmwareScope> scopes) => [.. scopes.Select(Text)];

    private static string Text(FirmwareScope scope) => scope.Kind switch
    {
        FirmwareScopeKind.All => "all",
        FirmwareScopeKind.Range => $"{scope.First}-{scope.Last}",
        FirmwareScopeKind.IoApic => $"I/O APIC {scope.EnumerationId} as {scope.First}",
        FirmwareScopeKind.Hpet => $"HPET {scope.EnumerationId} as {scope.First}",
        FirmwareScopeKind.Bridge => $"everything behind {scope.First}",
        FirmwareScopeKind.AcpiDevice => $"ACPI device {scope.EnumerationId} as {scope.First}",
        _ => scope.IsBehindBridge ? $"a device behind {scope.First}" : scope.First.ToString(),
    };
}
