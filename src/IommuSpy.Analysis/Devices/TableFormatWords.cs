using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Devices;

/// <summary>The words for a format of tables.</summary>
public static class TableFormatWords
{
    /// <summary>"VT-d second-stage", "AMD-Vi host"...</summary>
    public static string Words(this IoTableFormat format) => format switch
    {
        IoTableFormat.VtdSecondStage => "VT-d second-stage",
        IoTableFormat.VtdFirstStage => "VT-d first-stage",
        IoTableFormat.VtdNested => "VT-d nested",
        IoTableFormat.AmdViHost => "AMD-Vi host",
        IoTableFormat.AmdViGuest => "AMD-Vi guest",
        _ => "AMD-Vi nested",
    };
}
