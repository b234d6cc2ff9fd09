namespace IommuSpy.Memory.Writing;

/// <summary>A format that can be written.</summary>
public enum ImageFormat
{
    /// <summary>ELF core, as /proc/vmcore is.</summary>
    Elf,

    /// <summary>LiME.</summary>
    Lime,

    /// <summary>AVML, compressed (version 2).</summary>
    Avml,

    /// <summary>File offset is physical address.</summary>
    Raw,

    /// <summary>kdump-compressed, header version 6.</summary>
    Kdump,
}
