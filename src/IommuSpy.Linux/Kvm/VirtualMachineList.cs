using IommuSpy.Linux.Tasks;

namespace IommuSpy.Linux.Kvm;

/// <summary>The virtual machines of a host.</summary>
/// <param name="Machines">The machines, in the order of their processes.</param>
/// <param name="Damage">Why some may be missing, a line each; empty for a whole list.</param>
public sealed record VirtualMachineList(IReadOnlyList<VirtualMachine> Machines, IReadOnlyList<string> Damage)
{
    /// <summary>Reads them; none where KVM is not in use.</summary>
    /// <exception cref="Types.MissingTypeException">KVM is in use, and nothing describes its types or leads to its list.</exception>
    public static VirtualMachineList Read(KernelParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return KvmReader.Find(parts);
    }

    /// <summary>Those of a process, or of a name.</summary>
    /// <param name="wanted">A pid, or a name as its command line has it.</param>
    public IReadOnlyList<VirtualMachine> Find(string wanted)
    {
        KernelTask? Process(VirtualMachine machine) => machine.Process;
        return [.. Machines.Where(machine => $"{Process(machine)?.Pid}" == wanted || string.Equals(machine.Name, wanted, StringComparison.Ordinal))];
    }
}
