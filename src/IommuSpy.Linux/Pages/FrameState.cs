namespace IommuSpy.Linux.Pages;

/// <summary>What a page frame is to the kernel's memory management, before its struct page is asked.</summary>
public enum FrameState
{
    /// <summary>It has no struct page.</summary>
    Unknown,

    /// <summary>Memory of the kernel: its struct page tells what it is used for.</summary>
    Managed,

    /// <summary>Memory that the kernel was given and that nobody took into use: its struct page may never have been written.</summary>
    Offline,

    /// <summary>A device's memory that has struct pages: zone Device.</summary>
    Device,
}
