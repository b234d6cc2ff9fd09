using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Kvm;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis;

/// <summary>A virtual machine, in its host.</summary>
/// <param name="Host">The host.</param>
/// <param name="Guest">The virtual machine.</param>
/// <param name="Memory">Where its memory is in the host's.</param>
public sealed record GuestPlace(Machine Host, VirtualMachine Guest, GuestMemory Memory)
{
    /// <summary>The virtual machine of a host that has a pid or a name.</summary>
    /// <param name="host">The host.</param>
    /// <param name="wanted">The pid of its process, or its name.</param>
    /// <exception cref="MissingTypeException">The host's kernel does not tell of virtual machines.</exception>
    /// <exception cref="NoGuestException">There is none of it, or more than one.</exception>
    public static GuestPlace Of(Machine host, string wanted)
    {
        ArgumentNullException.ThrowIfNull(host);
        VirtualMachineList list = host.Parts.VirtualMachines.Required;
        VirtualMachine guest = list.Find(wanted) switch
        {
            [VirtualMachine only] => only,
            [] => throw new NoGuestException($"no virtual machine has the pid or name '{wanted}': "
                + (list.Machines.Count == 0 ? "there is none" : $"there is {string.Join(", ", list.Machines)}")),
            var several => throw new NoGuestException($"'{wanted}' is the name of {several.Count} virtual machines, {string.Join(", ", several)}: say the pid"),
        };
        return new(host, guest, GuestMemory.Of(host.Parts, guest));
    }

    /// <summary>Its memory as an image of its own, which has the host's from now on and lets go of it.</summary>
    public MemoryImage Image()
    {
        PhysicalMemory memory = PhysicalMemory.Of(Host.Kernel.Memory, [.. Memory.Memory]);
        string slots = $"{Amount.Of((ulong)Guest.OwnSlots.Count(), "slot")}{(Memory.IsWhole ? "" : ", not all of them read")}";
        return MemoryImage.Within(
            Host.Image, $"{Host.Image.Path}, {Guest}", $"memory of virtual machine {Guest} in its host, {slots}", memory,
            [.. Guest.Cpus.Select(cpu => cpu.Registers)]);
    }
}
