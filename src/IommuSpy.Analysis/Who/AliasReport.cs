using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Who;

/// <summary>Another address that has to do with the same physical page.</summary>
/// <param name="Virtual">The address.</param>
/// <param name="What">What it is: "kernel logical address (direct map)", "its struct page (vmemmap)".</param>
/// <param name="Rights">What it lets the kernel do there: "kernel rw-".</param>
public sealed record AliasReport(VirtualAddress Virtual, string What, string Rights)
{
    /// <summary>The report of a kernel address that maps the page.</summary>
    internal static AliasReport Of(Machine machine, VirtualAddress address, AccessRights rights)
    {
        LayoutRegion region = machine.Parts.Layout.RegionOf(address);
        string symbol = machine.Parts.SymbolAt(address) is SymbolOffset at ? $", {at}" : "";
        return new(address, $"{AddressKinds.Of(region.Kind).Words()} ({region.Name}{symbol})", RightsText.Of(rights));
    }
}
