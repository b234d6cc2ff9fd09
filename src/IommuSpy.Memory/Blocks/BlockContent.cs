namespace IommuSpy.Memory.Blocks;

/// <summary>What came of decoding a block.</summary>
internal enum BlockContent
{
    /// <summary>The image does not have it, or what it has does not decode.</summary>
    Missing,

    /// <summary>It is zeros, and was made so: there is nothing to keep.</summary>
    Zero,

    /// <summary>Decoded.</summary>
    Decoded,
}
