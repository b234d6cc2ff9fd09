using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Kvm;
using IommuSpy.Memory;
using IommuSpy.Memory.Views;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.VirtualMachines;

/// <summary>Where a guest-physical address is in the host, by both ways that lead there: the memory of the machine's process, and the nested tables.</summary>
/// <param name="Gpa">The guest-physical address.</param>
/// <param name="Pid">The machine's process; null where it has none any more.</param>
/// <param name="Machine">The machine: "guest[136]".</param>
/// <param name="Slot">The number of the memory slot that holds it; null where none does.</param>
/// <param name="SlotFlags">The slot's flags: "read-only".</param>
/// <param name="Virtual">Where it is in the memory of the machine's process; null without a slot.</param>
/// <param name="Physical">Where it is in the host's memory, by the process; null where it is not there.</param>
/// <param name="Reason">Why it is not there, or that it reads as zeros; null where it is.</param>
/// <param name="ProcessSteps">The entries of the process's page tables, from the top.</param>
/// <param name="NestedRoot">The top of the nested tables; null where the machine has none now.</param>
/// <param name="NestedSteps">The entries of the nested tables, from the top.</param>
/// <param name="NestedPhysical">Where the nested tables lead; null where they do not map it now.</param>
/// <param name="NestedPageSize">Bytes of the page that they map it by; null where they do not.</param>
/// <param name="NestedRights">What they let the guest do: "rwx"; null where they do not map it.</param>
/// <param name="Agrees">Whether both ways lead to one place; null where one of them leads nowhere.</param>
public sealed record HostPageReport(
    PhysicalAddress Gpa,
    int? Pid,
    string Machine,
    int? Slot,
    IReadOnlyList<string> SlotFlags,
    VirtualAddress? Virtual,
    PhysicalAddress? Physical,
    string? Reason,
    IReadOnlyList<StepReport> ProcessSteps,
    PhysicalAddress? NestedRoot,
    IReadOnlyList<StepReport> NestedSteps,
    PhysicalAddress? NestedPhysical,
    ulong? NestedPageSize,
    string? NestedRights,
    bool? Agrees)
{
    /// <summary>Follows an address both ways.</summary>
    /// <param name="place">The machine, in its host.</param>
    /// <param name="gpa">The guest-physical address.</param>
    public static HostPageReport Of(GuestPlace place, PhysicalAddress gpa)
    {
        ArgumentNullException.ThrowIfNull(place);
        (Machine host, VirtualMachine guest, GuestMemory memory) = place;
        MemorySlot? slot = guest.SlotAt(gpa);
        MemoryPiece? piece = memory.At(gpa);
        PhysicalAddress? physical = piece?.Source is PhysicalAddress source ? source + (gpa.Value - piece.Value.Range.Start.Value) : null;
        string? reason = physical is not null ? null
            : slot is null ? "no memory: no slot of the machine holds it"
            : piece?.Absence ?? (piece is null ? "not known" : "never written: it reads as zeros, and the host has no page for it yet");
        AddressSpace? process = guest.Process?.Root is PhysicalAddress root ? host.Kernel.SpaceOf(root) : null;
        AddressTranslation? own = slot is null ? null : process?.Translate(slot.UserOf(gpa));
        AddressTranslation? nested = guest.Nested?.In(host.Kernel.Memory).Translate(new(gpa.Value));
        return new(
            gpa,
            guest.Process?.Pid,
            guest.ToString(),
            slot?.Number,
            slot?.FlagNames ?? [],
            slot?.UserOf(gpa),
            physical,
            reason,
            Steps(own, process?.Mode),
            guest.Nested?.Root,
            Steps(nested, guest.Nested?.Mode),
            nested?.Physical,
            nested?.Physical is null ? null : nested.PageSize,
            nested?.Physical is null ? null : RightsText.Letters(nested.Rights),
            physical is null || nested?.Physical is null ? null : physical == nested.Physical);
    }

    private static IReadOnlyList<StepReport> Steps(AddressTranslation? translation, PagingMode? mode) =>
        translation is null || mode is null ? [] : [.. translation.Steps.Select(step => StepReport.Of(step, mode))];
}
