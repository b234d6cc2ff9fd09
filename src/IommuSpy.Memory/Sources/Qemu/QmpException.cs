namespace IommuSpy.Memory.Sources.Qemu;

/// <summary>QEMU refused a command.</summary>
internal sealed class QmpException(string message) : Exception(message);
