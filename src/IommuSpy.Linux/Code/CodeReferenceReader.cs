using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>Reads where the instructions of an architecture lead: fast, without their text, for all the code of a kernel.</summary>
internal abstract class CodeReferenceReader
{
    /// <summary>Reads one instruction after the other; what is none is passed over.</summary>
    /// <param name="code">The bytes, from where an instruction begins.</param>
    /// <param name="start">Where they are.</param>
    /// <param name="receive">Receives what leads elsewhere than to these bytes, and every branch through memory.</param>
    public abstract void Read(ArraySegment<byte> code, VirtualAddress start, Action<CodeReference> receive);
}
