namespace IommuSpy.Translation.Devices;

/// <summary>Receives what a device's tables map, in address order. A struct, so that the walk inlines it.</summary>
public interface IIoLeafVisitor
{
    /// <param name="leaf">The run that one entry maps.</param>
    void Leaf(in IoLeaf leaf);
}
