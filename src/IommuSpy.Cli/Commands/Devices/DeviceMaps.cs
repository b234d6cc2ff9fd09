using System.CommandLine;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli.Commands;

/// <summary>maps --device: what a device can reach.</summary>
internal static class DeviceMaps
{
    /// <summary>Answers with it.</summary>
    /// <exception cref="NoAnswerException">Nothing is mapped there.</exception>
    public static int Answer(ParseResult result, TableOptions output, IoMapsQuery query)
    {
        DeviceView view = query.View;
        if (view.Context.Mode == DmaMode.PassThrough)
        {
            throw new NoAnswerException($"{view.Description}: {view.Path}: no tables translate for it, it reaches all physical memory");
        }

        if (view.Context.Space is null)
        {
            throw new NoAnswerException($"{view.Description}: {view.Path}: {view.Context.Problem}");
        }

        return output.Answer(result, AllTables.IoMappings, new Question().With(IoMappingsTable.Query, query)) > 0 ? ExitCode.Done
            : throw new NoAnswerException("nothing is mapped there");
    }
}
