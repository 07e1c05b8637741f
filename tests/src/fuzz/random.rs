//! Random numbers that a seed reproduces on every machine.

/// A generator of random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed ^ 0x5851_F42D_4C95_7F2D);
        random.draw();
        random
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 {
            0
        } else {
            (self.draw() % end as u64) as usize
        }
    }

    /// True in `percent` of 100 times.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of a few.
    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// What can be chosen, each with a weight.
#[derive(Default)]
pub(crate) struct Menu(Vec<(usize, &'static str)>);

impl Menu {
    pub(crate) fn add(&mut self, weight: usize, form: &'static str) -> &mut Self {
        self.0.push((weight, form));
        self
    }

    pub(crate) fn add_if(
        &mut self,
        possible: bool,
        weight: usize,
        form: &'static str,
    ) -> &mut Self {
        if possible {
            self.add(weight, form);
        }
        self
    }

    pub(crate) fn pick(&self, random: &mut Random) -> &'static str {
        let sum = self.0.iter().map(|(weight, _)| weight).sum();
        let mut at = random.below(sum);
        for &(weight, form) in &self.0 {
            if at < weight {
                return form;
            }
            at -= weight;
        }
        ""
    }
}
