namespace IommuSpy.Translation.Devices;

/// <summary>The format of the tables behind a device.</summary>
public enum IoTableFormat
{
    /// <summary>VT-d second-stage tables.</summary>
    VtdSecondStage,

    /// <summary>VT-d first-stage tables: x86-64 ones.</summary>
    VtdFirstStage,

    /// <summary>VT-d first-stage tables whose addresses second-stage tables translate again.</summary>
    VtdNested,

    /// <summary>AMD-Vi host tables, version 1.</summary>
    AmdViHost,

    /// <summary>AMD-Vi guest tables, version 2: x86-64 ones.</summary>
    AmdViGuest,

    /// <summary>AMD-Vi guest tables whose addresses host tables translate again.</summary>
    AmdViNested,

    /// <summary>SMMUv3 stage 1 tables: arm64 ones.</summary>
    SmmuStage1,

    /// <summary>SMMUv3 stage 2 tables.</summary>
    SmmuStage2,

    /// <summary>SMMUv3 stage 1 tables whose addresses stage 2 tables translate again.</summary>
    SmmuNested,
}
