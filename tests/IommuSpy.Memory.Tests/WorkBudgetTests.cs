namespace IommuSpy.Memory.Tests;

/// <summary>How much work a process may do where it follows what an image points at.</summary>
public class WorkBudgetTests
{
    [Fact]
    public void AWalkUsesWhatItMayAndNoMore()
    {
        WorkBudget budget = new();
        WorkAllowance allowance = new(budget, Work.Steps, 2500);
        Assert.Equal(2500, Use(ref allowance));
        Assert.Equal(2500, allowance.Used);
        Assert.Empty(budget.Problems);
    }

    [Fact]
    public void WalksShareABudgetAndItsEndIsSaid()
    {
        WorkBudget budget = new(tables: 3000);
        WorkAllowance first = new(budget, Work.Tables, 1500);
        Assert.Equal(1500, Use(ref first));
        first.Finish();
        WorkAllowance second = new(budget, Work.Tables, 10_000);
        Assert.Equal(1500, Use(ref second));
        Assert.Equal("not all was read: this program follows no more than 3000 tables of translations in one run", Assert.Single(budget.Problems));
    }

    [Fact]
    public void WhatAWalkHasTakenAndNotUsedIsGivenBack()
    {
        WorkBudget budget = new(steps: 1024);
        WorkAllowance first = new(budget, Work.Steps, 5000);
        Assert.True(first.TryUse());
        first.Finish();
        WorkAllowance second = new(budget, Work.Steps, 1023);
        Assert.Equal(1023, Use(ref second));
        Assert.Empty(budget.Problems);
    }

    [Fact]
    public void AKindOfWorkThatEndsLeavesTheOthers()
    {
        WorkBudget budget = new(extents: 1);
        WorkAllowance extents = new(budget, Work.Extents, 10);
        Assert.Equal(1, Use(ref extents));
        WorkAllowance tables = new(budget, Work.Tables, 10);
        Assert.Equal(10, Use(ref tables));
        Assert.Contains("1 runs of mapped pages", Assert.Single(budget.Problems), StringComparison.Ordinal);
    }

    private static long Use(ref WorkAllowance allowance)
    {
        long used = 0;
        while (allowance.TryUse())
        {
            used++;
        }

        return used;
    }
}
