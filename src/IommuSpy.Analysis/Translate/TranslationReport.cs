using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Running;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Translate;

/// <summary>One address's way through the page tables.</summary>
/// <param name="Virtual">The address.</param>
/// <param name="Kind">Which kind of address: "user virtual address".</param>
/// <param name="Root">The top table.</param>
/// <param name="Physical">What it translates to; null where it does not.</param>
/// <param name="PageSize">Bytes of the page; null where there is none.</param>
/// <param name="Steps">The entries read, from the top.</param>
/// <param name="Rights">What all levels together let through: "user rw-"; null where there is no page.</param>
/// <param name="RightsAgree">Whether the leaf alone would let through the same as all levels do.</param>
/// <param name="Reason">Why there is no physical address; null where there is one.</param>
/// <param name="NotPresent">The entry that ended the walk, as Linux wrote it; null where the walk ended otherwise.</param>
/// <param name="UserHalf">Under page-table isolation, of a user address: the top table whose rights these are, since it is the one that counts in user mode;
/// the steps are through <paramref name="Root"/>. Null elsewhere.</param>
public sealed record TranslationReport(
    VirtualAddress Virtual,
    string Kind,
    PhysicalAddress Root,
    PhysicalAddress? Physical,
    ulong? PageSize,
    IReadOnlyList<StepReport> Steps,
    string? Rights,
    bool RightsAgree,
    string? Reason,
    NotPresentReport? NotPresent,
    PhysicalAddress? UserHalf = null)
{
    private const int LiveTries = 4;

    /// <summary>What the running kernel says of the same page; null where it was not asked.</summary>
    public PagemapCheck? Check { get; init; }

    /// <summary>Whether the tables changed with every look: they are a running machine's. The steps are the last look's.</summary>
    public bool Unstable { get; init; }

    /// <summary>Translates an address of a process of this machine, and asks its kernel for a second opinion.</summary>
    /// <param name="machine">The machine, which is this one.</param>
    /// <param name="address">The address.</param>
    /// <param name="root">The process's top table.</param>
    /// <param name="process">The process.</param>
    public static TranslationReport Checked(Machine machine, VirtualAddress address, PhysicalAddress? root, RunningProcess process) =>
        PagemapCheck.Of(process, () => Of(machine, address, root));

    /// <summary>Translates an address through a machine's tables.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="address">The address.</param>
    /// <param name="root">The top table to go through; null for the kernel's own.</param>
    public static TranslationReport Of(Machine machine, VirtualAddress address, PhysicalAddress? root = null)
    {
        AddressSpace space = machine.Space(root);
        AddressTranslation translation = space.Translate(address);
        bool unstable = false;
        for (int tries = machine.Image.IsLive ? LiveTries : 0; tries > 0; tries--)
        {
            machine.Kernel.Memory.Refresh();
            AddressTranslation again = space.Translate(address);
            unstable = !again.Steps.SequenceEqual(translation.Steps);
            translation = again;
            if (!unstable)
            {
                break;
            }
        }

        NonPresentEntry? entry = translation is { Outcome: TranslationOutcome.NotPresent, Last: { } last }
            ? machine.Parts.UserEntries.ReadNonPresent(last.Entry, last.Level)
            : null;
        (PhysicalAddress? half, AccessRights rights) = UserRights(machine, translation, root);
        return new(
            address,
            machine.KindOf(address).Words(),
            space.Root,
            translation.Physical,
            translation.Physical is null ? null : translation.PageSize,
            [.. translation.Steps.Select(step => StepReport.Of(step, space.Mode))],
            translation.Physical is null ? null : RightsText.Of(rights),
            translation.Last?.OwnRights == rights,
            Why(machine, translation, entry, root),
            entry is null ? null : NotPresentReport.Of(entry),
            half)
        {
            Unstable = unstable,
        };
    }

    /// <summary>
    /// What a translation lets its user do: of a user address under page-table isolation, as the user half says, which is named; of others, as the translation
    /// itself.
    /// </summary>
    /// <param name="machine">The machine.</param>
    /// <param name="translation">The translation.</param>
    /// <param name="root">The top table that it went through; null for the kernel's own.</param>
    public static (PhysicalAddress? UserHalf, AccessRights Rights) UserRights(Machine machine, AddressTranslation translation, PhysicalAddress? root)
    {
        if (root is PhysicalAddress top && translation.Physical is not null && translation.Address <= machine.Kernel.Mode.LastUserAddress
            && machine.Parts.UserHalfOf(top) is PhysicalAddress half && machine.Space(half).Translate(new(translation.Address)) is { } user
            && user.Physical == translation.Physical)
        {
            return (half, user.Rights);
        }

        return (null, translation.Rights);
    }

    private static string? Why(Machine machine, AddressTranslation translation, NonPresentEntry? entry, PhysicalAddress? root)
    {
        TranslationStep? last = translation.Last;
        TableFormat format = machine.Kernel.Mode.Format;
        return translation.Outcome switch
        {
            TranslationOutcome.Mapped => null,
            TranslationOutcome.NonCanonical => $"not canonical: bits {machine.Kernel.Mode.AddressBits - 1}-63 of the address are not all alike",
            TranslationOutcome.ReservedBits =>
                $"reserved bits 0x{last!.ReservedBits:x} are set in the {format.LevelName(last.Level)} entry: the CPU faults there",
            TranslationOutcome.TableOutsideImage => last is null
                ? $"the top table {translation.Root} is {machine.Kernel.Memory.WhyUnread(translation.Root)}"
                : $"the table that the {format.LevelName(last.Level)} entry points at is " +
                  machine.Kernel.Memory.WhyUnread(new(format.Target(last.Entry))),
            _ when root is null && machine.KindOf(new(translation.Address)) == AddressKind.UserVirtual =>
                "nothing mapped: these are the kernel's own tables, which have no user space; name a process with --pid (see iommu-spy ps), or its tables with "
                    + "--root (see iommu-spy roots)",
            _ when last!.Level > 1 && entry!.Kind == NonPresentKind.Empty =>
                $"nothing mapped: the {format.LevelName(last.Level)} entry is 0, as for the {Size.Text(format.SlotBytes(last.Level))} around it",
            _ => entry!.Description,
        };
    }
}
