using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Pci;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu;

/// <summary>Memory as one device sees it.</summary>
/// <param name="Name">The device.</param>
/// <param name="Function">What the kernel knows of it; null where it does not, or where that cannot be read.</param>
/// <param name="Unit">The IOMMU that its requests go through; null where there is none.</param>
/// <param name="Context">What happens to its requests.</param>
public sealed record DeviceView(DeviceName Name, PciFunction? Function, IommuUnit? Unit, DeviceContext Context)
{
    /// <summary>The view of a device.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="name">The device.</param>
    /// <param name="problem">Why there is none, in one line.</param>
    /// <returns>Null where neither the kernel nor an IOMMU's tables know the device.</returns>
    public static DeviceView? Of(Machine machine, DeviceName name, out string? problem)
    {
        PciFunction? function = name.FunctionIn(machine);
        (IommuUnit Unit, DeviceContext Context)? found = machine.Parts.Iommu.ContextOf(name.Requester, name.Pasid);
        if (found is { } known && (function is not null || known.Context.Mode != DmaMode.Blocked))
        {
            problem = null;
            return new(name, function, known.Unit, known.Context);
        }

        if (function is null)
        {
            problem = machine.Parts.Iommu.Units.Count == 0
                ? $"no device {name.Requester} is known, and no IOMMU"
                : $"no device {name.Requester} is known{(found is { } blocked ? ": " + blocked.Context.Problem : "")}";
            return null;
        }

        // A unit that was found without its tables may stop the device; only no unit at all lets it through for sure.
        if (machine.Parts.Iommu.Units.Count > 0 && machine.Parts.Iommu.Units.Any(unit => unit.Translating != false))
        {
            problem = $"{name.Requester} is behind an IOMMU whose tables were not found in the image";
            return null;
        }

        problem = null;
        const AccessRights All = AccessRights.Read | AccessRights.Write;
        return new(name, function, null, new(name.Requester, name.Pasid, DmaMode.PassThrough, 0, null, All, default, [], DeviceTlb: false, null));
    }

    /// <summary>The driver, or what else is known of the device, in brackets after its name.</summary>
    public string Description => Function is null ? $"{Name}" : $"{Name} ({Function.Driver ?? "no driver"}, {Function.Vendor:x4}:{Function.DeviceId:x4})";

    /// <summary>What the device goes through, in words: "VT-d dmar0, legacy mode, domain 5".</summary>
    public string Path => Unit is null
        ? "no IOMMU"
        : $"{IommuUnitAnswer.KindText(Unit.Kind)} {Unit.Name ?? Unit.Registers?.ToString() ?? ""}".TrimEnd()
            + (Unit.Mode is IommuMode.Legacy or IommuMode.Scalable ? $", {IommuUnitAnswer.ModeText(Unit.Mode)} mode" : "")
            + (Context.Mode == DmaMode.Translated
                ? $", domain {Context.Domain}, {DeviceContextAnswer.FormatText(Context.Space!.Format)} tables of {Context.Space.Levels} levels"
                : $", {DeviceContextAnswer.ModeText(Context.Mode)}");

    /// <summary>Visits what the device can reach through tables; nothing where its requests are not translated.</summary>
    public WalkSummary Visit(IoVirtualAddress first, IoVirtualAddress last, Action<IoLeaf> receive)
    {
        if (Context.Space is not IoAddressSpace space)
        {
            return default;
        }

        Receiver receiver = new(receive);
        return space.Visit(first, last, ref receiver);
    }

    private readonly struct Receiver(Action<IoLeaf> receive) : IIoLeafVisitor
    {
        public void Leaf(in IoLeaf leaf) => receive(leaf);
    }
}
