using IommuSpy.Linux.Types.Btf;
using IommuSpy.Linux.Types.Files;
using IommuSpy.Linux.Types.Inference;

namespace IommuSpy.Linux.Types;

/// <summary>Which description of a kernel's types is asked for, and where it is found.</summary>
public static class TypeSource
{
    /// <summary>The best that there is: BTF out of memory, or what the data tell where the image has none.</summary>
    public const string Automatic = "auto";

    /// <summary>BTF out of memory and nothing else.</summary>
    public const string Btf = "btf";

    /// <summary>What the data tell, and nothing else.</summary>
    public const string Inferred = "infer";

    /// <summary>Opens a description.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="request"><see cref="Automatic"/>, <see cref="Btf"/>, <see cref="Inferred"/>, or a file that <see cref="TypeFile"/> reads.</param>
    /// <exception cref="MissingTypeException">There is none.</exception>
    public static KernelTypes Open(LinuxKernel kernel, string request) => request switch
    {
        Automatic => BtfInMemory.Find(kernel) is BtfTypes types ? types : InferredTypes.Infer(kernel),
        Inferred => InferredTypes.Infer(kernel),
        Btf => BtfInMemory.Find(kernel) ?? throw new MissingTypeException("this kernel carries no BTF in its image (kernels do since 5.2)"),
        _ when Path.Exists(request) || request.Contains('/') => TypeFile.Open(kernel, request),
        _ => throw new MissingTypeException($"--types '{request}': no such file; write {Automatic}, {Btf}, {Inferred} or a file's name"),
    };
}
