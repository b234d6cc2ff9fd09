using IommuSpy.Memory.Sources.Devmem;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>Physical memory as /dev/mem gives it.</summary>
internal sealed class DevMemBytes(DevMem device) : IDeviceBytes
{
    /// <inheritdoc/>
    public int Read(ulong at, Span<byte> destination) => device.Read(new(at), destination, AccessWidth.Bits64, out _);
}
