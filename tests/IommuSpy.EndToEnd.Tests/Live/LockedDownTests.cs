using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>dev_mem in guests whose kernel is locked down.</summary>
public abstract class LockedDownTests(RunningGuest guest, string level)
{
    /// <summary>Locked down at integrity: nobody writes to the kernel.</summary>
    [Collection(GuestsThatAreUp.Name)]
    public sealed class Integrity(Integrity.Up up) : LockedDownTests(up.Guest, "integrity"), IClassFixture<Integrity.Up>
    {
        /// <summary>The guest.</summary>
        public sealed class Up() : LockedDownGuest("6.1", "integrity");
    }

    /// <summary>Locked down at confidentiality: nobody reads it either.</summary>
    [Collection(GuestsThatAreUp.Name)]
    public sealed class Confidentiality(Confidentiality.Up up) : LockedDownTests(up.Guest, "confidentiality"), IClassFixture<Confidentiality.Up>
    {
        /// <summary>The guest.</summary>
        public sealed class Up() : LockedDownGuest("6.12", "confidentiality");
    }

    [Fact]
    public void One_line_says_that_lockdown_forbids_it()
    {
        foreach (string command in new[] { "dev_mem 0 r 4", "dev_mem 0x100000 w 1 --yes", "iommu-spy write 0x1000 1 --yes",
            "iommu-spy read -s devmem --physical 0" })
        {
            string line = guest.Refuse(3, command);
            Assert.Contains("lockdown", line, StringComparison.Ordinal);
            Assert.Contains("lockdown=none", line, StringComparison.Ordinal);
            Assert.Equal(level == "confidentiality", line.Contains("confidentiality", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Also_where_the_kernel_does_not_show_its_state()
    {
        guest.Succeed("umount /sys/kernel/security");
        try
        {
            Assert.Contains("locked down", guest.Refuse(3, "dev_mem 0 r 4"), StringComparison.Ordinal);
        }
        finally
        {
            guest.Succeed("mount -t securityfs securityfs /sys/kernel/security");
        }
    }

    [Fact]
    public void Memory_is_read_through_kcore_unless_nobody_may_read_it()
    {
        foreach (string command in new[] { "info", "ps", "devices", "symbols", "pages --summary", "acquire - --format lime > /dev/null" })
        {
            if (level == "integrity")
            {
                guest.Succeed($"iommu-spy {command}");
            }
            else
            {
                string line = guest.Refuse(3, $"iommu-spy {command}");
                Assert.Contains("lockdown", line, StringComparison.Ordinal);
                Assert.Contains("confidentiality", line, StringComparison.Ordinal);
            }
        }

        // /proc alone works as before.
        guest.Succeed("iommu-spy pagemap $(pidof sleep | cut -d ' ' -f 1) --used");
        guest.Succeed("iommu-spy pages --live --summary");
        Assert.Contains($"lockdown           {(level == "integrity" ? "in part" : "NO     ")}", guest.Succeed("iommu-spy doctor").Output,
            StringComparison.Ordinal);
    }
}
