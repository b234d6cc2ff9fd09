using System.Globalization;
using IommuSpy.Linux;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Kvm;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>
/// Where interrupts may be posted to: descriptors of virtual CPUs (Intel: vcpu_vmx.pi_desc), their pages of APIC registers (AMD: kvm_lapic.regs), and the
/// host's own descriptors (posted_msi_pi_desc, since 6.11).
/// </summary>
internal static class PostedTargets
{
    /// <summary>Each with whose it is; null where virtual CPUs cannot be read, or where nothing describes what they keep it in.</summary>
    public static IReadOnlyDictionary<PhysicalAddress, string>? Of(KernelParts parts)
    {
        if (parts.VirtualMachines.Value is not { Damage.Count: 0 } machines || parts.Objects.Value is not KernelObjects objects)
        {
            return null;
        }

        Dictionary<PhysicalAddress, string> targets = [];
        foreach (VirtualMachine machine in machines.Machines)
        {
            foreach (VirtualCpu cpu in machine.Cpus)
            {
                if (machine.Damage.Count > 0 || Target(parts, objects, cpu) is not PhysicalAddress target)
                {
                    return null;
                }

                targets[target] = string.Create(CultureInfo.InvariantCulture, $"CPU {cpu.Number} of {machine}");
            }
        }

        AddHosts(parts, targets);
        return targets;
    }

    private static PhysicalAddress? Target(KernelParts parts, KernelObjects objects, VirtualCpu cpu)
    {
        ModuleList? modules = parts.Modules.Value;
        if (TypesOf(modules, "kvm_intel") is KernelTypes intel)
        {
            // struct vcpu_vmx begins with its struct kvm_vcpu.
            return intel.FindStruct("vcpu_vmx")?.Find("pi_desc", "vt.pi_desc", "pi.pi_desc") is Field descriptor
                && objects.Kernel.Space.TryTranslate(cpu.Address + descriptor.Offset, out PhysicalAddress at) ? at : null;
        }

        KernelTypes types = TypesOf(modules, "kvm") ?? objects.Types;
        return objects.Pointer(cpu.Address, types.FindField("kvm_vcpu", "arch.apic")) is VirtualAddress controller
            && objects.Pointer(controller, types.FindField("kvm_lapic", "regs")) is VirtualAddress registers
            && objects.Kernel.Space.TryTranslate(registers, out PhysicalAddress page) ? page : null;
    }

    private static KernelTypes? TypesOf(ModuleList? modules, string module) => modules?.Find(module)?.Types;

    private static void AddHosts(KernelParts parts, Dictionary<PhysicalAddress, string> targets)
    {
        if (parts.Kernel.Kallsyms?.Symbols.TryFind("posted_msi_pi_desc", out Symbol symbol) != true)
        {
            return;
        }

        for (int cpu = 0; cpu < parts.PerCpu.Offsets.Count; cpu++)
        {
            if (parts.Kernel.Space.TryTranslate(parts.PerCpu.Address(cpu, symbol.Address), out PhysicalAddress at))
            {
                targets[at] = string.Create(CultureInfo.InvariantCulture, $"the host's CPU {cpu}");
            }
        }
    }
}
