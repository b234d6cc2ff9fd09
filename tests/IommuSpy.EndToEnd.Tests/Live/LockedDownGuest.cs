using IommuSpy.Lab;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>A guest whose kernel is locked down, with dev_mem inside.</summary>
public abstract class LockedDownGuest : IDisposable
{
    private protected LockedDownGuest(string kernel, string level)
    {
        Guest = LiveGuest.Boot(new CaptureSpec { Kernel = kernel, Append = $"lockdown={level}" });
        Guest.Succeed("ln -s iommu-spy /bin/dev_mem");
    }

    /// <summary>The guest.</summary>
    public RunningGuest Guest { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Guest.Dispose();
        GC.SuppressFinalize(this);
    }
}
