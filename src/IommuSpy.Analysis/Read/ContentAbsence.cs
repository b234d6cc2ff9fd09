using IommuSpy.Memory;

namespace IommuSpy.Analysis.Read;

/// <summary>Why an image has no bytes of an address.</summary>
internal static class ContentAbsence
{
    /// <summary>In words, behind "is": "left out of the image"; null where the image has them.</summary>
    internal static string? Of(PhysicalMemory memory, PhysicalAddress address) => memory switch
    {
        _ when memory.Contains(address) => null,
        _ when memory.Excludes(address) => "left out of the image when it was made",
        _ when memory.IsMemory(address) => "lost: the image should have it and does not",
        _ => "not in the image",
    };
}
