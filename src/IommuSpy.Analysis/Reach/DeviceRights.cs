using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reach;

/// <summary>A device's rights as people read them.</summary>
public static class DeviceRights
{
    /// <summary>"rw", "r", "w"; "-" for none.</summary>
    public static string Letters(AccessRights rights) => (rights & (AccessRights.Read | AccessRights.Write)) switch
    {
        AccessRights.Read | AccessRights.Write => "rw",
        AccessRights.Read => "r",
        AccessRights.Write => "w",
        _ => "-",
    };
}
