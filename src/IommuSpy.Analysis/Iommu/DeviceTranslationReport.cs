using IommuSpy.Analysis.Translate;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu;

/// <summary>What becomes of a device's request for an address, for showing.</summary>
/// <param name="Iova">The I/O virtual address.</param>
/// <param name="Device">The device, "0000:00:1f.2".</param>
/// <param name="Pasid">The PASID; null for requests without one.</param>
/// <param name="Driver">The device's driver.</param>
/// <param name="Path">What the request goes through, in words.</param>
/// <param name="Mode">"translated", "pass-through", "blocked", "invalid".</param>
/// <param name="Domain">Domain ID.</param>
/// <param name="Root">Physical address of the top table; null where none is walked.</param>
/// <param name="Steps">The entries that the walk read.</param>
/// <param name="Rights">"rw", "r-", "-w"; null where nothing gets through.</param>
/// <param name="Physical">What the address translates to; null where nothing gets through.</param>
/// <param name="PageSize">Bytes of the page; null where there is none.</param>
/// <param name="Reason">Why nothing gets through; null where something does.</param>
public sealed record DeviceTranslationReport(
    IoVirtualAddress Iova,
    string Device,
    int? Pasid,
    string? Driver,
    string Path,
    string Mode,
    int Domain,
    PhysicalAddress? Root,
    IReadOnlyList<StepReport> Steps,
    string? Rights,
    PhysicalAddress? Physical,
    ulong? PageSize,
    string? Reason)
{
    /// <summary>The report of an address.</summary>
    public static DeviceTranslationReport Of(DeviceView view, IoVirtualAddress address)
    {
        DeviceTranslation translation = view.Context.Translate(address);
        AddressTranslation? walk = translation.Walk;

        // Of nested tables the first stage's steps come first, and the second stage's after its leaf.
        int second = 0;
        if (walk is not null && view.Context.Space?.Second is not null)
        {
            second = walk.Steps.TakeWhile(step => !step.IsLeaf).Count() + 1;
        }

        IEnumerable<StepReport> steps =
            walk?.Steps.Select((step, i) => StepOf(step, second > 0 && i >= second ? view.Context.Space!.Second! : view.Context.Space!)) ?? [];
        return new(
            address, view.Name.Requester.ToString(), view.Name.Pasid, view.Function?.Driver, view.Path, DeviceContextAnswer.ModeText(view.Context.Mode),
            view.Context.Domain, walk?.Root, [.. steps],
            translation.Physical is null ? null : Letters(translation.Rights), translation.Physical, translation.Physical is null ? null : walk?.PageSize,
            DeviceFaultText.Of(translation, translation.Fault));
    }

    /// <summary>"rw", "r-", "-w".</summary>
    public static string Letters(AccessRights rights) => (rights.HasFlag(AccessRights.Read) ? "r" : "-") + (rights.HasFlag(AccessRights.Write) ? "w" : "-");

    private static StepReport StepOf(TranslationStep step, IoAddressSpace space) => new(
        step.Level, space.Tables.LevelName(step.Level), step.Index, step.EntryAddress, new(step.Entry),
        step.Present ? space.Tables.FlagNames(step.Entry & space.EntryMask, step.Level) : []);
}
