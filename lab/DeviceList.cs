using System.Collections;

namespace IommuSpy.Lab;

/// <summary>Devices that a machine has beyond the usual ones, each as QEMU's -device takes it. Equal when they say the same in the same order.</summary>
public sealed class DeviceList(IEnumerable<string> devices) : IReadOnlyList<string>, IEquatable<DeviceList>
{
    public static readonly DeviceList Empty = new([]);

    private readonly string[] _devices = [.. devices];

    public int Count => _devices.Length;

    public string this[int index] => _devices[index];

    public bool Equals(DeviceList? other) => other is not null && _devices.AsSpan().SequenceEqual(other._devices);

    public override bool Equals(object? obj) => Equals(obj as DeviceList);

    public override int GetHashCode() => string.Join(' ', _devices).GetHashCode(StringComparison.Ordinal);

    public IEnumerator<string> GetEnumerator() => _devices.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
