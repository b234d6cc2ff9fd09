using System.Runtime.InteropServices;

namespace IommuSpy.Linux.VmCoreInfo;

/// <summary>Where a VMCOREINFO text was found in a piece of memory.</summary>
/// <param name="Offset">Byte offset of the ELF note's header, or of the text where it stands bare.</param>
/// <param name="TextOffset">Byte offset of "OSRELEASE=".</param>
/// <param name="TextLength">Bytes of the text in this piece.</param>
/// <param name="HasHeader">
/// Whether an ELF note header of the right name and kind precedes it. The kernel keeps both: the text it appends to, and the note that a dumper is
/// pointed at (kernel/vmcore_info.c, vmcoreinfo_data and vmcoreinfo_note).
/// </param>
/// <param name="IsCut">Whether the text runs up to the end of the piece, so that more may follow.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct VmCoreInfoLocation(int Offset, int TextOffset, int TextLength, bool HasHeader, bool IsCut);
