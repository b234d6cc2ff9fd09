using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Kvm;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.VirtualMachines;

/// <summary>What a host's page is to one of its virtual machines.</summary>
/// <param name="Pid">The machine's process; null where it has none any more.</param>
/// <param name="Machine">The machine: "guest[136]".</param>
/// <param name="Gpa">The guest-physical address of the byte.</param>
/// <param name="Slot">The number of the memory slot that it is in.</param>
/// <param name="Virtual">Where it is in the memory of the machine's process.</param>
/// <param name="Entry">The nested entry that maps it; null where none does yet.</param>
/// <param name="Rights">What all levels of nested tables let the guest do: "rwx"; null where they do not map it.</param>
public sealed record GuestPageReport(
    int? Pid, string Machine, PhysicalAddress Gpa, int Slot, VirtualAddress Virtual, StepReport? Entry, string? Rights)
{
    /// <summary>All that a byte of a host is to its virtual machines.</summary>
    public static IReadOnlyList<GuestPageReport> Of(Machine host, PhysicalAddress physical)
    {
        ArgumentNullException.ThrowIfNull(host);
        ulong within = physical.Value % PageFrame.Size;
        return [.. host.GuestFrames.PlacesOf(physical.Frame).Select(place => Of(host, place.Guest, place.Gpa + within)).OfType<GuestPageReport>()];
    }

    /// <summary>A guest-physical address of a virtual machine; null where no slot holds it.</summary>
    internal static GuestPageReport? Of(Machine host, VirtualMachine machine, PhysicalAddress gpa)
    {
        if (machine.SlotAt(gpa) is not MemorySlot slot)
        {
            return null;
        }

        AddressTranslation? nested = machine.Nested?.In(host.Kernel.Memory).Translate(new(gpa.Value));
        bool isMapped = nested?.Physical is not null;
        return new(
            machine.Process?.Pid, machine.ToString(), gpa, slot.Number, slot.UserOf(gpa),
            isMapped ? StepReport.Of(nested!.Last!, machine.Nested!.Mode) : null,
            isMapped ? RightsText.Letters(nested!.Rights) : null);
    }
}
