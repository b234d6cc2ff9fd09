using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Linux.Types.Files;
using IommuSpy.Memory;
using Microsoft.Win32.SafeHandles;

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
    /// <exception cref="MemoryImageException">The file cannot be read.</exception>
    /// <exception cref="MissingTypeException">There is none.</exception>
    public static KernelTypes Open(LinuxKernel kernel, string request) => request switch
    {
        Automatic => BtfInMemory.Find(kernel) is BtfTypes types ? types : InferredTypes.Infer(kernel),
        Inferred => InferredTypes.Infer(kernel),
        Btf => BtfInMemory.Find(kernel) ?? throw new MissingTypeException("this kernel carries no BTF in its image (kernels do since 5.2)"),
        _ => TypeFile.Open(kernel, request),
    };

    /// <summary>Makes sure of a request before the work begins: a file that cannot be read is said at once, also where nobody will ask for a type.</summary>
    /// <param name="request">As for <see cref="Open"/>.</param>
    /// <exception cref="MemoryImageException">It names a file that cannot be read. The message is one line.</exception>
    public static void Check(string request)
    {
        if (request is Automatic or Btf or Inferred)
        {
            return;
        }

        try
        {
            using SafeFileHandle file = Opener.Read(request);
            if (RandomAccess.GetLength(file) == 0)
            {
                throw new MemoryImageException($"--types '{request}': is empty");
            }
        }
        catch (UnfitFileException e)
        {
            throw new MemoryImageException($"--types '{request}': {e.Message}; name a regular file that describes types", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string others = request.Contains('/') ? "" : $"; write {Automatic}, {Btf}, {Inferred} or a file's name";
            throw new MemoryImageException($"--types '{request}': {FileProblem.Of(e, request)}{others}", e);
        }
    }
}
